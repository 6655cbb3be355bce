import { createHash } from 'node:crypto'
import type { ChunkRecords, Claim } from '@marc-migrations/domain'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What happens seldom, and must have happened over the seeds: a world in which it never does proves nothing. */
export const rareEvents = [
  'count fenced',
  'count of a woken process refused',
  'count of a dead process done',
  'count answer lost',
  'count found counted before',
  'hint stale',
  'hint lost',
  'lost hint found in the table',
  'lease expired',
  'attempt suspect',
  'chunk out of attempts',
  'hint published again',
  'page fenced',
  'split taken over',
  'commit answer lost',
  'lease lost',
  'deadline passed',
  'gate closed',
  'cancelled under a lease',
  'retried under a lease',
  'finalise answer lost',
  'paused and resumed',
  'drift counted',
  'rules unavailable',
  'several rule sets',
  'losers buried',
  'save lock taken away',
  'file saved twice',
  'saving answer lost',
  'saving silent',
  'saving refused',
  'version conflict resolved',
  'saving waits for another',
  'drained',
  'killed',
  'stopped and woken'
] as const
export type RareEvent = (typeof rareEvents)[number]

/** Names one attempt at a chunk. */
export function attemptKey({ chunkId, epoch }: Pick<Claim, 'chunkId' | 'epoch'>): string {
  return `${chunkId}/${epoch}`
}

const LINES_KEPT = 4000

/** What was done in one run, by whom, and what of it should not have been possible. */
export class History {
  readonly violations: string[] = []
  /** What each attempt read, by chunk and epoch. */
  readonly read = new Map<string, ChunkRecords>()
  /** Attempts used up before each, by chunk and epoch. */
  readonly attempts = new Map<string, number>()
  readonly lines: string[] = []
  private readonly unheard = new Set<string>()
  private readonly seen = new Map<RareEvent, number>()
  private readonly hash = createHash('sha256')
  /** So many of the lines are in the hash. */
  private hashed = 0
  private readonly time: VirtualTime

  constructor(time: VirtualTime) {
    this.time = time
  }

  /** One line of the run; the hash over all lines tells two runs apart. */
  note(line: string): void {
    this.lines.push(`${this.time.now.toFixed(3)} ${line}`)
    if (this.lines.length <= LINES_KEPT) return
    this.hashLines()
    this.hashed -= this.lines.splice(0, LINES_KEPT / 2).length
  }

  /** Many at once: a call costs more than a line. */
  private hashLines(): void {
    this.hash.update(this.lines.slice(this.hashed).join('\n') + '\n')
    this.hashed = this.lines.length
  }

  did(process: SimulatedProcess, what: string): void {
    this.note(`${process.name} ${what}${process.state === 'running' ? '' : ` (${process.state})`}`)
  }

  answerLost(what: string): void {
    this.note(`answer lost: ${what}`)
    if (what === 'chunks.count') this.saw('count answer lost')
    if (what === 'check.finalise') this.saw('finalise answer lost')
    if (what === 'sink.save') this.saw('saving answer lost')
    if (what === 'split.commitPage') this.saw('commit answer lost')
  }

  /** Nobody will hear of this chunk by a hint. */
  hintLost(chunkId: string): void {
    this.unheard.add(chunkId)
  }

  claimed({ chunkId, epoch, attempts }: Claim): void {
    this.attempts.set(attemptKey({ chunkId, epoch }), attempts)
    if (this.unheard.delete(chunkId)) this.saw('lost hint found in the table')
  }

  saw(event: RareEvent): void {
    this.seen.set(event, (this.seen.get(event) ?? 0) + 1)
  }

  times(event: RareEvent): number {
    return this.seen.get(event) ?? 0
  }

  /** The cure begins: what was broken in the records is mended. */
  mended = false

  violate(invariant: string, message: string): void {
    this.note(`VIOLATION ${invariant} ${message}`)
    if (this.violations.length < 20) this.violations.push(`${invariant}: ${message}`)
  }

  digest(): string {
    this.hashLines()
    return this.hash.copy().digest('hex')
  }
}
