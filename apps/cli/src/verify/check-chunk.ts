import type { AuditChunk, ObjectStore } from '@marc-migrations/domain'
import type { Finding } from './finding.ts'
import { readObject } from './read-object.ts'

/** What the files of one counted chunk hold. */
export interface ChunkFiles {
  /** Ids of the mapped entities, in order. */
  readonly entityIds: readonly string[]
  /** Lines of the rejected records, parsed. */
  readonly rejected: readonly Readonly<Record<string, unknown>>[]
  readonly findings: readonly Finding[]
}

/**
 * Holds a counted chunk against its objects: the entity file has the length and hash that were counted (I2) and one line per
 * mapped record, the other two one line per rejected record (I1), and the step says the same.
 */
export async function checkChunk(chunk: AuditChunk, objects: ObjectStore): Promise<ChunkFiles> {
  const findings: Finding[] = []
  const note = (invariant: string, message: string, repairable = false): void => {
    findings.push({ severity: 'broken', invariant, message, chunkId: chunk.id, ...(repairable ? { repairable } : {}) })
  }
  checkStep(chunk, note)
  checkSaved(chunk, note)
  const entityIds = (await checkEntities(chunk, objects, note)).map((entity) => String(entity['id']))
  const rejected = await checkText(objects, chunk.mappingStep?.rejectedKey ?? null, chunk.rejectedRecords, note)
  const reasons = await checkText(objects, chunk.mappingStep?.reasonsKey ?? null, chunk.rejectedRecords, note)
  if (reasons.some((line) => line === '')) note('I1', 'a rejected record has no reason')
  return { entityIds, rejected: parseAll(rejected, note), findings }
}

type Note = (invariant: string, message: string, repairable?: boolean) => void

function checkStep({ mappingStep, rejectedRecords, mappedRecords, recordCount }: AuditChunk, note: Note): void {
  if (mappedRecords + rejectedRecords !== recordCount) {
    note('I1', `${mappedRecords} mapped + ${rejectedRecords} rejected of ${recordCount}`)
  }
  const status = rejectedRecords === 0 ? 'COMPLETED' : 'FAILED'
  if (mappingStep === null) note('I5', 'counted, but has no step')
  else if (mappingStep.status !== status || mappingStep.errors !== rejectedRecords) {
    note('I5', `its step is ${mappingStep.status} with ${mappingStep.errors} errors`)
  }
}

/**
 * A saving never saves more than was mapped, and is complete when it saved all of that. A chunk that was mapped again afterwards keeps its
 * share of the saving before, however many records are mapped now.
 */
function checkSaved({ stage, status, savedRecords, mappedRecords }: AuditChunk, note: Note): void {
  if (stage === 'DATA_SAVING' && savedRecords > mappedRecords) note('I3', `${savedRecords} saved of ${mappedRecords} mapped`)
  if (status === 'DATA_SAVING_COMPLETED' && savedRecords !== mappedRecords) {
    note('I3', `${status} with ${savedRecords} saved of ${mappedRecords} mapped`)
  }
}

async function checkEntities(
  chunk: AuditChunk,
  objects: ObjectStore,
  note: Note
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  if (chunk.entities === null) {
    if (chunk.mappedRecords > 0) note('I1', 'mapped records, but no entity file', true)
    return []
  }
  const object = await readObject(objects, chunk.entities.key)
  if (object === null) {
    note('I1', `its entity file is missing: ${chunk.entities.key}`, true)
    return []
  }
  if (object.bytes.byteLength !== chunk.entities.lengthBytes || object.sha256 !== chunk.entities.sha256) {
    note('I2', `its entity file is another than the one counted: ${chunk.entities.key}`, true)
  }
  if (object.lines?.length !== chunk.mappedRecords)
    note('I1', `${object.lines?.length ?? 'broken'} lines for ${chunk.mappedRecords} records`)
  return parseAll(object.lines ?? [], note)
}

async function checkText(
  objects: ObjectStore,
  key: string | null,
  expected: number,
  note: Note
): Promise<readonly string[]> {
  if (key === null) {
    if (expected > 0) note('I1', `${expected} rejected records, but no file that names them`, true)
    return []
  }
  const object = await readObject(objects, key)
  if (object === null) {
    note('I1', `a file of rejected records is missing: ${key}`, true)
    return []
  }
  if (object.lines?.length !== expected)
    note('I1', `${object.lines?.length ?? 'broken'} lines for ${expected} rejected records: ${key}`)
  return object.lines ?? []
}

function parseAll(lines: readonly string[], note: Note): readonly Readonly<Record<string, unknown>>[] {
  const values: Record<string, unknown>[] = []
  for (const line of lines) {
    try {
      values.push(JSON.parse(line) as Record<string, unknown>)
    } catch {
      note('I2', 'a line is no JSON')
    }
  }
  return values
}
