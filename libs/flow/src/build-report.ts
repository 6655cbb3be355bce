import { errorKind, isObjectOf, MigrationError } from '@marc-migrations/domain'
import type {
  ArmedReport,
  Clock,
  FailedStep,
  Logger,
  ObjectStore,
  ReportBuild,
  ReportBuildStore,
  ReportRow
} from '@marc-migrations/domain'
import { MAX_LINE_CHARS, streamLines } from './stream-lines.ts'

export interface BuildReportPorts {
  readonly reportBuilds: ReportBuildStore
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly logger: Logger
}

/** Steps read side by side; each holds one batch of rows, whatever the size of its file. */
const STEPS_AT_ONCE = 4
const ROWS_AT_ONCE = 500
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Collects the reasons of all failed steps of an operation, both stages, into rows; a report that was begun before and left is
 * built from its beginning.
 *
 * A file that cannot be read makes it an ERROR, with the rows of all other steps. A store that is away does not: the report
 * stays in progress, for whoever takes it up next.
 *
 * @param holdMs how long it is left to this process, extended while it is built
 * @throws what an unreachable store throws; the abort of the signal
 */
export async function buildReport(
  report: ArmedReport,
  ports: BuildReportPorts,
  holdMs: number,
  stopping: AbortSignal
): Promise<void> {
  const build = await ports.reportBuilds.begin(report)
  if (build === null) return
  const ended = new AbortController()
  void keepHold(report, ports, holdMs, ended.signal)
  try {
    const { rows, unread, fenced } = await addSteps(build, ports, stopping)
    if (fenced) return
    await ports.reportBuilds.finish(build, unread === 0 ? 'COMPLETED' : 'ERROR')
    ports.logger.info({ ...report, rows, unread }, 'report.built')
  } finally {
    ended.abort()
  }
}

async function keepHold(report: ArmedReport, ports: BuildReportPorts, holdMs: number, ended: AbortSignal): Promise<void> {
  for (;;) {
    await ports.clock.sleep(holdMs / 3, ended)
    if (ended.aborted) return
    // Two misses later another may begin it anew, and this build is fenced.
    await ports.reportBuilds.hold(report, holdMs).catch(() => {})
  }
}

async function addSteps(build: ReportBuild, ports: BuildReportPorts, stopping: AbortSignal) {
  const steps = ports.reportBuilds.failedSteps(build)[Symbol.asyncIterator]()
  const left = new AbortController()
  const signal = AbortSignal.any([left.signal, stopping])
  const sum = { rows: 0, unread: 0, fenced: false }

  const readOn = async (): Promise<void> => {
    for (let next = await steps.next(); next.done !== true; next = await steps.next()) {
      signal.throwIfAborted()
      const added = await addStep(build, next.value, ports, signal)
      if (added === 'fenced') sum.fenced = true
      else if (added === 'unread') sum.unread++
      else sum.rows += added
      if (sum.fenced) return
    }
  }
  try {
    await Promise.all(Array.from({ length: STEPS_AT_ONCE }, readOn))
  } catch (error) {
    left.abort()
    throw error
  }
  return sum
}

/** @returns how many rows the step has */
async function addStep(
  build: ReportBuild,
  step: FailedStep,
  { reportBuilds, objects, logger }: BuildReportPorts,
  signal: AbortSignal
): Promise<number | 'unread' | 'fenced'> {
  let added = 0
  try {
    for await (const rows of batches(rowsOf(build, step, objects, signal))) {
      if (!(await reportBuilds.add(build, step, added, rows))) return 'fenced'
      added += rows.length
    }
    return added
  } catch (err) {
    if (signal.aborted || errorKind(err) === 'outage') throw err
    const { tenant, operationId } = build
    logger.warn({ tenant, operationId, chunkId: step.chunkId, key: step.reasonsKey, err }, 'report.file-unread')
    return 'unread'
  }
}

async function* rowsOf(
  { operationId }: ReportBuild,
  step: FailedStep,
  objects: ObjectStore,
  signal: AbortSignal
): AsyncGenerator<ReportRow> {
  if (step.reasonsKey === null) {
    yield { recordId: '<unknown>', message: 'Error file not found for chunk' }
    return
  }
  if (!isObjectOf(operationId, step.reasonsKey)) {
    throw new MigrationError('INVARIANT_BROKEN', { what: 'a stored name that is no object of its operation', operationId })
  }
  for await (const line of streamLines(objects.read(step.reasonsKey, { signal }))) yield toRow(line.slice(0, MAX_LINE_CHARS))
}

/** `<record id>,<message>` as our own files have it and those of the storage modules, or a message alone. */
function toRow(line: string): ReportRow {
  const comma = line.indexOf(',')
  const recordId = line.slice(0, Math.max(comma, 0))
  return UUID.test(recordId) ? { recordId, message: line.slice(comma + 1) } : { recordId: '<unknown>', message: line }
}

async function* batches(rows: AsyncIterable<ReportRow>): AsyncGenerator<readonly ReportRow[]> {
  let batch: ReportRow[] = []
  for await (const row of rows) {
    batch.push(row)
    if (batch.length < ROWS_AT_ONCE) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
