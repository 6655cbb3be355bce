import { isDeepStrictEqual } from 'node:util'
import { MAX_ATTEMPTS, RULES_UNAVAILABLE } from '@marc-migrations/domain'
import type { AuditChunk, ChunkRecords, Operation, RemapTask, RulesSnapshot } from '@marc-migrations/domain'
import { verifyOperation } from '../../apps/cli/src/verify/verify-operation.ts'
import { attemptKey } from './history.ts'
import { sha256, undisturbed } from './simulated-engine.ts'
import type { World } from './simulated-world.ts'

/**
 * Holds what stands in the tables and in the objects against what one undisturbed process would have left: the auditor that
 * `verify` runs, and beyond it every file of every counted chunk, byte for byte.
 */
export async function auditRun(world: World): Promise<void> {
  const { database, history, objects } = world
  const readObjects = objects.atRest()
  for (const operation of database.operations()) {
    const manifest = await verifyOperation(operation, { audit: database.audit }, readObjects)
    for (const { invariant, severity, message } of manifest.findings) {
      if (severity === 'broken') history.violate(invariant, `${operation.id} ${message}`)
    }
    if (manifest.rulesHashes.length > 1) history.saw('several rule sets')
    if (operation.driftRecords !== 0) history.saw('drift counted')
    for (const chunk of database.chunks(operation.id)) {
      auditChunk(world, operation, chunk)
      if (chunk.status === 'DATA_SAVING_COMPLETED') auditSaved(world, operation, chunk)
    }
    if (!operation.chunkingSealed) continue
    auditWindows(world, operation)
    auditWhole(world, operation)
  }
}

function auditChunk(world: World, operation: Operation, chunk: AuditChunk): void {
  const { history, objects } = world
  if (chunk.fileEpoch === null || !isCounted(chunk)) return
  const attempt = attemptKey({ chunkId: chunk.id, epoch: chunk.fileEpoch })
  const records = history.read.get(attempt)
  if (records === undefined) return history.violate('I1', `${chunk.id} was counted by an attempt that read nothing`)
  const expected = expectedOf(world, operation, chunk, records, history.attempts.get(attempt) ?? 0)
  const [mapped, rejected] = expected.counts
  if (mapped !== chunk.mappedRecords || rejected !== chunk.rejectedRecords) {
    history.violate('I1', `${chunk.id}: ${chunk.mappedRecords} + ${chunk.rejectedRecords}, not ${mapped} + ${rejected}`)
  }
  const keys = [chunk.entities?.key, chunk.mappingStep?.rejectedKey, chunk.mappingStep?.reasonsKey]
  keys.forEach((key, i) => {
    const stored = key === undefined || key === null ? null : objects.find(key)
    const found = stored === undefined ? 'missing' : stored === null ? null : sha256(stored.bytes)
    if (found !== expected.files[i]) history.violate('I2', `${chunk.id} file ${i} ${String(key)}: ${String(found)}`)
  })
}

function expectedOf(world: World, operation: Operation, chunk: AuditChunk, records: ChunkRecords, attempts: number) {
  const { tenant, entityType } = operation
  const rules = rulesOf(world, tenant, chunk.rulesHash)
  const task = { tenant, entityType, records, rules }
  if (attempts < MAX_ATTEMPTS) return expectedOnce(`${chunk.rulesHash}`, task)
  world.history.saw('chunk out of attempts')
  const giveUpReason = `Chunk could not be mapped in ${attempts} attempts: each time the process or the mapper died or ran out of time`
  return undisturbed({ ...task, giveUpReason })
}

/** What one attempt had read is mapped once for all audits. */
function expectedOnce(rulesHash: string, task: RemapTask): ReturnType<typeof undisturbed> {
  const byRules = expected.get(task.records) ?? new Map<string, ReturnType<typeof undisturbed>>()
  expected.set(task.records, byRules)
  const found = byRules.get(rulesHash) ?? undisturbed(task)
  byRules.set(rulesHash, found)
  return found
}

const expected = new WeakMap<ChunkRecords, Map<string, ReturnType<typeof undisturbed>>>()

function rulesOf(world: World, tenant: string, hash: string | null): RulesSnapshot | null {
  if (hash === RULES_UNAVAILABLE) return null
  const found = hash === null ? undefined : world.database.rules(tenant, hash)
  if (found === undefined) world.history.violate('I2', `rules ${String(hash)} are not stored`)
  return found ?? null
}

/** I10: what counts as saved is stored as its line says, unless another file was saved over it since. */
function auditSaved({ sink, objects, history }: World, { tenant }: Operation, chunk: AuditChunk): void {
  const { entities } = chunk
  if (entities === null) return
  for (const line of linesOf(objects.find(entities.key)?.bytes)) {
    const { _version: _, ...sent } = JSON.parse(line) as { readonly id: string; readonly _version?: number }
    const stored = sink.stored.get(`${tenant}/${sent.id}`)
    const isOurs = stored?.writtenBy === entities.key
    if (stored === undefined || (isOurs && !isDeepStrictEqual(stored.entity, sent))) {
      history.violate('I10', `${chunk.id}: ${sent.id} counts as saved, and is not stored as it was mapped`)
    }
  }
}

/**
 * All files in the order of the source are what one process makes of the whole source in one go. Told where the source is what it was,
 * and all of it was mapped by the same rules.
 */
function auditWhole(world: World, operation: Operation): void {
  const { database, history, objects, profile } = world
  const { tenant, entityType, source } = operation
  const chunks = database.chunks(operation.id)
  const [hash] = new Set(chunks.map(({ rulesHash }) => rulesHash))
  const attemptsOf = ({ id, fileEpoch }: AuditChunk): number =>
    history.attempts.get(attemptKey({ chunkId: id, epoch: fileEpoch ?? 0 })) ?? 0
  const isWhole = chunks.every((chunk) => chunk.rulesHash === hash && isCounted(chunk) && attemptsOf(chunk) < MAX_ATTEMPTS)
  const isStill = source !== null || (profile.driftEveryMs === Infinity && !profile.sinkRaisesVersions)
  if (hash === undefined || !isWhole || !isStill) return
  const records: ChunkRecords =
    source === null
      ? { kind: 'rows', rows: world.records.of(tenant) }
      : {
          ...{ kind: 'file', format: 'jsonl', firstRecordIndex: 0, firstOffset: 0, sourceName: source.name },
          bytes: objects.find(source.objectKey)?.bytes ?? new Uint8Array()
        }
  const whole = undisturbed({ tenant, entityType, records, rules: rulesOf(world, tenant, hash) })
  filesOf(chunks).forEach((keys, i) => {
    const bytes = Buffer.concat(keys.map((key) => objects.find(key)?.bytes ?? new Uint8Array()))
    const found = bytes.byteLength === 0 ? null : sha256(bytes)
    if (found !== whole.files[i]) history.violate('I2', `${operation.id} file ${i} is not that of an undisturbed run`)
  })
}

/** Keys of the entities, the rejected records and the reasons, each in the order of the source. */
function filesOf(chunks: readonly AuditChunk[]): readonly (readonly string[])[] {
  const present = (keys: readonly (string | null | undefined)[]): readonly string[] => keys.flatMap((key) => key ?? [])
  return [
    present(chunks.map(({ entities }) => entities?.key)),
    present(chunks.map(({ mappingStep }) => mappingStep?.rejectedKey)),
    present(chunks.map(({ mappingStep }) => mappingStep?.reasonsKey))
  ]
}

function isCounted({ fileEpoch, status }: AuditChunk): boolean {
  return fileEpoch !== null && status !== 'NEW' && status !== 'DATA_MAPPING'
}

function linesOf(bytes: Uint8Array | undefined): readonly string[] {
  return bytes === undefined ? [] : Buffer.from(bytes).toString('utf8').split('\n').filter(Boolean)
}

/** I1 over the chunks: every record of the source is in one window, and in one only. */
function auditWindows(world: World, operation: Operation): void {
  const { database, history, records } = world
  const windows = database.chunks(operation.id).map(({ window }) => window)
  const fail = (message: string): void => history.violate('I1', `${operation.id} ${message}`)
  if (operation.source !== null) {
    const end = windows.reduce((sum, window) => sum + (window.kind === 'bytes' ? window.length : 0), 0)
    if (end !== operation.source.lengthBytes) fail(`${end} bytes of ${operation.source.lengthBytes} are in chunks`)
    return
  }
  if (world.profile.driftEveryMs !== Infinity) return
  for (const { marcId } of records.of(operation.tenant)) {
    const homes = windows.filter((w) => w.kind === 'ids' && w.startRecordId <= marcId && marcId <= w.endRecordId)
    if (homes.length !== 1) fail(`record ${marcId} is in ${homes.length} chunks`)
  }
}
