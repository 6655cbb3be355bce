import { RULES_UNAVAILABLE } from '@marc-migrations/domain'
import type { AuditChunk, ChunkRecords, Operation, RulesSnapshot } from '@marc-migrations/domain'
import { verifyOperation } from '../../apps/cli/src/verify/verify-operation.ts'
import { readKey } from './observer.ts'
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
    for (const chunk of database.chunks(operation.id)) auditChunk(world, operation, chunk)
    if (operation.chunkingSealed) auditWindows(world, operation)
  }
}

function auditChunk(world: World, operation: Operation, chunk: AuditChunk): void {
  const { history, objects } = world
  if (chunk.fileEpoch === null || chunk.status === 'NEW' || chunk.status === 'DATA_MAPPING') return
  const records = history.read.get(readKey({ chunkId: chunk.id, epoch: chunk.fileEpoch }))
  if (records === undefined) return history.violate('I1', `${chunk.id} was counted by an attempt that read nothing`)
  const expected = expectedOf(world, operation, chunk, records)
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

function expectedOf(world: World, operation: Operation, chunk: AuditChunk, records: ChunkRecords) {
  const { tenant, entityType } = operation
  const rules = rulesOf(world, tenant, chunk.rulesHash)
  const task = { tenant, entityType, records, rules }
  if (chunk.attempts < 5) return undisturbed(task)
  world.history.saw('chunk out of attempts')
  const giveUpReason = `Chunk could not be mapped in ${chunk.attempts} attempts: the process or the mapper died each time`
  return undisturbed({ ...task, giveUpReason })
}

function rulesOf(world: World, tenant: string, hash: string | null): RulesSnapshot | null {
  if (hash === RULES_UNAVAILABLE) return null
  const found = hash === null ? undefined : world.database.rules(tenant, hash)
  if (found === undefined) world.history.violate('I2', `rules ${String(hash)} are not stored`)
  return found ?? null
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
