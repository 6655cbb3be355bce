import type { EntityType, ObjectStore } from '@marc-migrations/domain'
import type { PeerEntity, PeerTables } from './peer-tables.ts'

export interface BulkPeer {
  readonly objects: ObjectStore
  readonly tables: PeerTables
  /** Entities the module refuses whatever their version, by id, and why. */
  readonly refusals: ReadonlyMap<string, string>
  readonly errorsNumberAs: 'number' | 'text'
}

/** Why a line was not saved, and the line as the module writes it to its file of failures. */
interface Failure {
  readonly reason: string
  readonly line: string
}

export interface PeerAnswer {
  readonly status: number
  readonly body: unknown
}

const SUCCESS: Readonly<Record<EntityType, number>> = { authority: 200, instance: 201 }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Saves the file's entities as the module of this type does, and leaves its two files of failures beside it. */
export async function saveFile(peer: BulkPeer, tenant: string, type: EntityType, fileName: string): Promise<PeerAnswer> {
  const text = await textOf(peer.objects, fileName)
  const lines = text.replace(/\r?\n$/, '').split(/\r\n|\r|\n/)
  const entities = text === '' ? [] : lines.map(entityOf)
  if (type === 'instance' && entities.some((entity) => !isWholeInstance(entity))) {
    return { status: 500, body: 'the file cannot be read' }
  }
  const failures = await failuresOf(peer, tenant, type, lines, entities)
  return await answerOf(peer, type, fileName, failures.length === 0 ? null : failures)
}

/** As the module answers a call that had these failures; null: without files. None at all still gives two empty files. */
export async function plantedAnswer(
  peer: BulkPeer,
  type: EntityType,
  fileName: string,
  planted: { readonly errors: number; readonly reasons: readonly string[] | null }
): Promise<PeerAnswer> {
  const failures = planted.reasons?.map((reason) => ({ reason, line: '{}' })) ?? null
  const answer = await answerOf(peer, type, fileName, failures)
  return { ...answer, body: { ...(answer.body as object), errorsNumber: numberAs(peer, planted.errors) } }
}

async function failuresOf(
  peer: BulkPeer,
  tenant: string,
  type: EntityType,
  lines: readonly string[],
  entities: readonly (PeerEntity | undefined)[]
): Promise<Failure[]> {
  const failures: { at: number; failure: Failure }[] = []
  const sound: { at: number; entity: PeerEntity }[] = []
  const comma = type === 'authority' ? ',' : ', '
  entities.forEach((entity, at) => {
    const line = lines[at] ?? ''
    if (entity === undefined) {
      failures.push({ at, failure: { reason: `null${comma}Cannot be parsed`, line: JSON.stringify(line) } })
      return
    }
    const refusal = UUID.test(entity.id) ? peer.refusals.get(entity.id) : 'Invalid id'
    if (refusal === undefined) sound.push({ at, entity })
    else failures.push({ at, failure: { reason: `${entity.id}${comma}${refusal}`, line } })
  })
  const refused = await peer.tables.upsert(
    tenant,
    type,
    sound.map(({ entity }) => entity)
  )
  for (const [position, reason] of refused) {
    const { at, entity } = sound[position] ?? { at: 0, entity: { id: '' } }
    failures.push({ at, failure: { reason: `${entity.id}${comma}${reason}`, line: lines[at] ?? '' } })
  }
  return failures.sort((a, b) => a.at - b.at).map(({ failure }) => failure)
}

async function answerOf(
  peer: BulkPeer,
  type: EntityType,
  fileName: string,
  failures: readonly Failure[] | null
): Promise<PeerAnswer> {
  const errorsNumber = numberAs(peer, failures?.length ?? 0)
  if (failures === null) return { status: SUCCESS[type], body: { errorsNumber } }
  const name = fileName.replace(/^\//, '')
  const errorRecordsFileName = `${name}_failedEntities`
  const errorsFileName = `${name}_errors`
  const breaks = type === 'authority' ? (text: string) => text.replaceAll(/\r\n|\r|\n/g, ' ') : (text: string) => text
  await peer.objects.put(errorRecordsFileName, fileOf(failures.map(({ line }) => line)))
  await peer.objects.put(errorsFileName, fileOf(failures.map(({ reason }) => breaks(reason))))
  return { status: SUCCESS[type], body: { errorsNumber, errorRecordsFileName, errorsFileName } }
}

const numberAs = ({ errorsNumberAs }: BulkPeer, count: number) => (errorsNumberAs === 'text' ? String(count) : count)

const fileOf = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''))

async function textOf(objects: ObjectStore, key: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of objects.read(key.replace(/^\//, ''))) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

function entityOf(line: string): PeerEntity | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    return isEntity(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function isEntity(value: unknown): value is PeerEntity {
  return typeof value === 'object' && value !== null && typeof (value as { id?: unknown }).id === 'string'
}

/** The module reads both arrays without a look whether they are there. */
function isWholeInstance(entity: PeerEntity | undefined): boolean {
  return entity !== undefined && Array.isArray(entity['precedingTitles']) && Array.isArray(entity['succeedingTitles'])
}
