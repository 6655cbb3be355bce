import { createHash } from 'node:crypto'

/** Which of FOLIO's modules a call goes to; `read` is a look at stored entities, one by one or by query. */
export type PeerTarget = 'metadata' | 'authority' | 'instance' | 'read'

/** What becomes of one call. Without anything it is carried out and answered as the module would. */
export interface Fate {
  /** Waits before anything else. */
  readonly delayMs?: number
  /** False: nothing is changed, and nothing is read. */
  readonly applied?: boolean
  /** `cut`: the connection is closed without an answer; `cut-midway`: within the answer's body; `hang`: no answer, ever. */
  readonly end?: 'answer' | 'cut' | 'cut-midway' | 'hang'
  /** Instead of the module's own answer; a body that is no text is sent as JSON. */
  readonly answer?: {
    readonly status?: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
  }
  /** A bulk call is answered with this many errors, whatever came of it; null reasons: no files are named. */
  readonly planted?: { readonly errors: number; readonly reasons: readonly string[] | null }
}

export const fates = {
  pass: {},
  /** The call is answered thus and changes nothing. */
  answer: (status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}): Fate => ({
    applied: false,
    answer: { status, body, headers }
  }),
  cutBefore: { applied: false, end: 'cut' },
  cutAfter: { end: 'cut' },
  cutMidway: { end: 'cut-midway' },
  hangBefore: { applied: false, end: 'hang' },
  hangAfter: { end: 'hang' },
  /** The change is made, and a gateway answers in the module's place. */
  appliedBut: (status: number): Fate => ({ answer: { status, body: 'upstream gave no answer' } }),
  slow: (delayMs: number): Fate => ({ delayMs }),
  planted: (errors: number, reasons: readonly string[] | null = null): Fate => ({ planted: { errors, reasons } })
} as const satisfies Record<string, Fate | ((...args: never[]) => Fate)>

/** Chance that one seed repeats, whatever order the calls come in. */
export interface Chance {
  readonly seed: number
  /** Of all calls, 0 to 1. */
  readonly share: number
  /** One of these is taken. */
  readonly fates: readonly Fate[]
  /** After this many in a row for one file, or one path, the next call passes. */
  readonly mostInARow: number
}

/** The fates of the calls to come: those next in order first, then chance, then what always happens. */
export interface FatePlan {
  readonly next: (target: PeerTarget, ...fates: Fate[]) => void
  /** Until it is said otherwise; null: calls pass again. */
  readonly always: (target: PeerTarget, fate: Fate | null) => void
  readonly atRandom: (target: PeerTarget, chance: Chance | null) => void
  /** @param subject the file or path the call is about */
  readonly draw: (target: PeerTarget, subject: string) => Fate
}

export function fatePlan(): FatePlan {
  const queues = new Map<PeerTarget, Fate[]>()
  const standing = new Map<PeerTarget, Fate>()
  const chances = new Map<PeerTarget, Chance>()
  const history = new Map<string, { calls: number; row: number }>()

  function byChance(target: PeerTarget, subject: string): Fate | undefined {
    const chance = chances.get(target)
    if (chance === undefined) return undefined
    const key = `${target} ${subject}`
    const past = history.get(key) ?? { calls: 0, row: 0 }
    const roll = createHash('sha256').update(`${chance.seed} ${key} ${past.calls}`).digest()
    const hit = past.row < chance.mostInARow && roll.readUInt32BE(0) / 2 ** 32 < chance.share
    history.set(key, { calls: past.calls + 1, row: hit ? past.row + 1 : 0 })
    return hit ? chance.fates[roll.readUInt32BE(4) % chance.fates.length] : undefined
  }

  return {
    next: (target, ...fates) => void queues.set(target, [...(queues.get(target) ?? []), ...fates]),
    always: (target, fate) => void (fate === null ? standing.delete(target) : standing.set(target, fate)),
    atRandom: (target, chance) => void (chance === null ? chances.delete(target) : chances.set(target, chance)),
    draw: (target, subject) => queues.get(target)?.shift() ?? byChance(target, subject) ?? standing.get(target) ?? fates.pass
  }
}
