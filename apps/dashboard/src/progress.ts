import type { Operation } from './api-types.ts'

export type Tone = 'idle' | 'running' | 'paused' | 'done' | 'warn' | 'bad'

export interface Progress {
  /** What a person calls the state. */
  readonly label: string
  readonly tone: Tone
  readonly stage: 'mapping' | 'saving'
  readonly good: number
  readonly rejected: number
  readonly total: number
  readonly running: boolean
  /** Whether the total is known; while a file is still being split it is not. */
  readonly counted: boolean
}

/** Everything the page says about how far an operation is. */
export function progressOf(operation: Operation): Progress {
  const stage = operation.status.startsWith('data_saving') ? 'saving' : 'mapping'
  const rejected = operation.rejectedNumOfRecords ?? 0
  const good = stage === 'saving' ? operation.savedNumOfRecords : operation.mappedNumOfRecords
  const running = ['new', 'data_mapping', 'data_saving'].includes(operation.status)
  const known = operation.totalNumOfRecords
  return {
    ...stateOf(operation, rejected),
    stage,
    good,
    rejected: stage === 'saving' ? 0 : rejected,
    total: Math.max(known, good),
    running,
    counted: !running || (known > 0 && good <= known)
  }
}

function stateOf(operation: Operation, rejected: number): { label: string; tone: Tone } {
  const { status, control, stopReason } = operation
  if (control === 'cancel' || stopReason === 'cancelled') return { label: 'Cancelled', tone: 'bad' }
  if (control === 'pause') return { label: 'Paused', tone: 'paused' }
  if (operation.waitingFor !== undefined) return { label: 'Waiting', tone: 'idle' }
  if (stopReason !== undefined) return { label: 'Stopped', tone: 'bad' }
  switch (status) {
    case 'new':
      return { label: 'Starting', tone: 'idle' }
    case 'data_mapping':
      return { label: 'Mapping', tone: 'running' }
    case 'data_saving':
      return { label: 'Saving', tone: 'running' }
    case 'data_mapping_completed':
      return { label: 'Mapped', tone: 'done' }
    case 'data_saving_completed':
      return { label: 'Saved', tone: 'done' }
    case 'data_mapping_failed':
      return rejected > 0
        ? { label: `Finished, ${rejected.toLocaleString('en')} rejected`, tone: 'warn' }
        : { label: 'Failed', tone: 'bad' }
    default:
      return { label: 'Saving failed', tone: 'bad' }
  }
}

export interface Sample {
  readonly atMs: number
  readonly processed: number
}

const WINDOW_MS = 30_000

/** Keeps the samples of the last half minute; a count that fell (a retry) begins anew. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && sample.processed < last.processed) return [sample]
  return [...samples.filter(({ atMs }) => sample.atMs - atMs <= WINDOW_MS), sample]
}

/** Records per second over the samples; undefined until two of them are at least a second apart. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.atMs - first.atMs < 1000) return undefined
  return ((last.processed - first.processed) * 1000) / (last.atMs - first.atMs)
}

/** Average over a finished stage, from its own times; undefined while it runs. */
export function averageRate(operation: Operation): number | undefined {
  const { stage, good, rejected } = progressOf(operation)
  const start = stage === 'saving' ? operation.startTimeSaving : operation.startTimeMapping
  const end = stage === 'saving' ? operation.endTimeSaving : operation.endTimeMapping
  if (start === undefined || end === undefined) return undefined
  const ms = Date.parse(end) - Date.parse(start)
  return ms > 0 ? ((good + rejected) * 1000) / ms : undefined
}
