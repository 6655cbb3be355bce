import { chunkObjectNames, isObjectOf, MigrationError } from '@marc-migrations/domain'
import type {
  ArmedStore,
  BulkAnswer,
  BulkCall,
  Claim,
  EntitySink,
  ObjectStore,
  SavingWork,
  Tally
} from '@marc-migrations/domain'
import { checkEntityFile, linesOf, loadEntityFile } from './entity-file.ts'
import { failedLines } from './failed-lines.ts'
import { resolveConflicts } from './resolve-conflicts.ts'

export interface SavePorts {
  readonly armed: Pick<ArmedStore, 'headers'>
  readonly objects: ObjectStore
  readonly sink: EntitySink
}

export interface SaveLimits {
  /** The work is no longer ours: lease lost, or the process is stopping. */
  readonly dropped: AbortSignal
  /** Either that, or the time of the attempt is over. */
  readonly signal: AbortSignal
  readonly subPath: string
  /** How long a storage module may stay silent before its chunks are failed, SAVE_OUTAGE_LIMIT_MS. */
  readonly saveOutageLimitMs: number
}

/** `silent`: the storage module did not answer, and there is time left to wait for it. */
export type Saved = { readonly outcome: 'done'; readonly tally: Tally } | { readonly outcome: 'silent' }

type Failure = { readonly message: string; readonly outcomeUnknown: boolean; readonly answered: boolean }

/**
 * Has the storage module save the mapped records of one claimed chunk, by one bulk call that names their file.
 *
 * The file is held against the length and hash that were counted before the call is made. A call that may have been applied
 * without an answer is made again: the upsert is repeatable, and where the module then reports version conflicts, the stored entities
 * are read back and decide.
 *
 * @throws {MigrationError} CREDENTIALS_MISSING when nobody's headers are stored; OBJECTS_UNAVAILABLE; the abort of the signal
 */
export async function saveChunk(claim: Claim, ports: SavePorts, limits: SaveLimits): Promise<Saved> {
  const { saving } = claim
  if (saving === null) throw new MigrationError('INVARIANT_BROKEN', { what: 'nothing to save', chunkId: claim.chunkId })
  if (saving.recordCount === 0) return done({ saved: 0, failed: 0, rejectedKey: null, reasonsKey: null })
  const headers = await ports.armed.headers(claim)
  if (Object.keys(headers).length === 0) throw new MigrationError('CREDENTIALS_MISSING', { operationId: claim.operationId })

  const sent = await fileToSend(claim, saving, ports.objects, limits)
  if (typeof sent === 'string') {
    const failure = { message: sent, outcomeUnknown: saving.outcomeUnknown, answered: false }
    return await failAll(claim, saving.recordCount, failure, ports.objects, limits)
  }
  const call: BulkCall = {
    tenant: claim.tenant,
    entityType: claim.entityType,
    headers,
    recordsFileName: sent.key,
    publishEvents: saving.publishEvents
  }
  const answer = await ask(ports.sink, call, limits)
  if (answer.outcome === 'answered') {
    try {
      return await tallyAnswer(claim, saving, sent, call, answer, ports, limits)
    } catch (error) {
      if (!isSilence(error)) throw error
      // The module saved and fell silent before it could be read: the next attempt finds out.
      if ((saving.silentForMs ?? 0) < limits.saveOutageLimitMs) return { outcome: 'silent' }
      const failure = { message: error.message, outcomeUnknown: true, answered: false }
      return await failAll(claim, sent.recordCount, failure, ports.objects, limits)
    }
  }
  if (answer.outcome === 'silent' && (saving.silentForMs ?? 0) < limits.saveOutageLimitMs) return { outcome: 'silent' }
  return await failAll(claim, sent.recordCount, failureOf(answer, limits), ports.objects, limits)
}

/** A call that still runs when the attempt's time is over has not been answered. */
async function ask(sink: EntitySink, call: BulkCall, { dropped, signal }: SaveLimits): Promise<BulkAnswer> {
  try {
    return await sink.save(call, signal)
  } catch (error) {
    if (dropped.aborted || !signal.aborted) throw error
    return { outcome: 'silent', outcomeUnknown: true, reason: 'the deadline of the attempt passed' }
  }
}

function isSilence(error: unknown): error is MigrationError {
  return error instanceof MigrationError && error.code === 'SINK_UNAVAILABLE'
}

interface SentFile {
  readonly key: string
  readonly recordCount: number
}

/** The entity file, or, after a saving that failed in part, a new file of the records that failed; a text when neither can be sent. */
async function fileToSend(
  claim: Claim,
  saving: SavingWork,
  objects: ObjectStore,
  { signal, subPath }: SaveLimits
): Promise<SentFile | string> {
  if (saving.file === null || !isObjectOf(claim.operationId, saving.file.key)) {
    return 'There is no file of mapped records to save'
  }
  const whole = { key: saving.file.key, recordCount: saving.recordCount }
  // A name that is not ours names nothing to us: all of the file is sent, as when the reasons are gone.
  if (saving.retryReasonsKey === null || !isObjectOf(claim.operationId, saving.retryReasonsKey)) {
    return (await checkEntityFile(objects, saving.file, signal)) ?? whole
  }
  const bytes = await loadEntityFile(objects, saving.file, signal)
  if (typeof bytes === 'string') return bytes
  const lines = linesOf(bytes)
  const part = await failedLines(lines, saving.retryReasonsKey, objects, signal)
  if (part.length === 0 || part.length === lines.length) return whole
  const { retried } = chunkObjectNames(subPath, claim)
  await objects.put(retried, textFile(part), signal)
  return { key: retried, recordCount: part.length }
}

async function tallyAnswer(
  claim: Claim,
  saving: SavingWork,
  sent: SentFile,
  call: BulkCall,
  answer: Extract<BulkAnswer, { outcome: 'answered' }>,
  ports: SavePorts,
  limits: SaveLimits
): Promise<Saved> {
  // As answered, be it more than was sent: the counter is defined by the answer.
  const failed = answer.errors
  const asAnswered = {
    saved: saving.recordCount - failed,
    failed,
    rejectedKey: answer.errorRecordsFileName,
    reasonsKey: answer.errorsFileName
  }
  const unknown = answer.outcomeUnknown || saving.outcomeUnknown
  if (failed === 0 || !unknown || answer.errorsFileName === null) return done(asAnswered)
  if (!isObjectOf(claim.operationId, answer.errorsFileName)) return done(asAnswered)
  const left = await resolveConflicts(sent.key, answer.errorsFileName, call, ports, limits.signal)
  if (left === null) return done(asAnswered)
  const { rejected, reasons } = chunkObjectNames(limits.subPath, claim)
  if (left.length > 0) {
    const lines = left.map(({ line }) => line).filter((line) => line !== '')
    await ports.objects.put(rejected, textFile(lines), limits.signal)
    await ports.objects.put(reasons, textFile(left.map(({ reason }) => reason)), limits.signal)
  }
  return done({
    saved: saving.recordCount - left.length,
    failed: left.length,
    rejectedKey: left.length > 0 ? rejected : null,
    reasonsKey: left.length > 0 ? reasons : null
  })
}

function failureOf(answer: Exclude<BulkAnswer, { outcome: 'answered' }>, { saveOutageLimitMs }: SaveLimits): Failure {
  if (answer.outcome === 'silent') {
    const minutes = Math.round(saveOutageLimitMs / 60_000)
    const message = `The storage module did not answer for ${minutes} min: ${answer.reason}`
    return { message, outcomeUnknown: answer.outcomeUnknown, answered: false }
  }
  // A module that failed may have saved a part before it did.
  const outcomeUnknown = answer.outcomeUnknown || answer.status >= 500
  return { message: `The storage module answered ${answer.status}: ${answer.message}`, outcomeUnknown, answered: true }
}

/** All that was sent counts as failed, with one line that says why; what an earlier call saved stays saved. */
async function failAll(
  claim: Claim,
  failed: number,
  { message, outcomeUnknown, answered }: Failure,
  objects: ObjectStore,
  { dropped, subPath }: SaveLimits
): Promise<Saved> {
  const { reasons } = chunkObjectNames(subPath, claim)
  await objects.put(reasons, textFile([message.replaceAll(/[\r\n]+/g, ' ')]), dropped)
  const saved = (claim.saving?.recordCount ?? 0) - failed
  return {
    outcome: 'done',
    tally: { stage: 'DATA_SAVING', saved, failed, rejectedKey: null, reasonsKey: reasons, outcomeUnknown, answered }
  }
}

function done(counts: {
  readonly saved: number
  readonly failed: number
  readonly rejectedKey: string | null
  readonly reasonsKey: string | null
}): Saved {
  return { outcome: 'done', tally: { stage: 'DATA_SAVING', ...counts, outcomeUnknown: false, answered: true } }
}

function textFile(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''))
}

/**
 * Deletes what earlier attempts at this saving may have left, and the part this one has sent: the storage module has answered. Names
 * carry the saving's own step, so that the mapped file is never among them.
 */
export async function deleteSavingLeftovers(
  claim: Claim,
  tally: Tally,
  objects: ObjectStore,
  subPath: string
): Promise<void> {
  const { saving } = claim
  if (saving === null || (!saving.outcomeUnknown && saving.retryReasonsKey === null)) return
  const kept = new Set([tally.rejectedKey, tally.reasonsKey])
  const first = Math.max(1, claim.epoch - ATTEMPTS_LOOKED_BACK)
  for (let epoch = first; epoch <= claim.epoch; epoch++) {
    const { retried, rejected, reasons } = chunkObjectNames(subPath, { ...claim, epoch })
    for (const key of [retried, rejected, reasons]) if (!kept.has(key)) await objects.delete(key)
  }
}

/** Older ones are the tombstones' work when the stage ends. */
const ATTEMPTS_LOOKED_BACK = 3
