import type { Clock, Random } from '@marc-migrations/domain'
import type { Exchange } from './exchange.ts'

const TRIES = 3
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 30_000
/** A gateway gave up, or is busy. After the last three the module behind it may have acted all the same. */
const TRIED_AGAIN = new Set([429, 502, 503, 504])

export interface Tried {
  readonly last: Exchange
  /** A try may have been acted on although no answer of the module came. */
  readonly outcomeUnknown: boolean
}

export interface Pacing {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly onRetry: (failed: Exchange, delayMs: number) => void
}

/**
 * Tries up to three times, as long as the network fails or a gateway is busy; the second after 200 ms, the third after 400, or
 * after what `Retry-After` asks, up to 30 s.
 *
 * @param act one try, which throws the abort of the signal
 * @throws what a try throws
 */
export async function tryThrice(act: () => Promise<Exchange>, { clock, random, signal, onRetry }: Pacing): Promise<Tried> {
  let outcomeUnknown = false
  for (let tries = 1; ; tries++) {
    const last = await act()
    outcomeUnknown ||= mayHaveActed(last)
    if (tries === TRIES || !isWorthAnother(last)) return { last, outcomeUnknown }
    const backOffMs = FIRST_DELAY_MS * 2 ** (tries - 1) * (1 + random() / 2)
    const delayMs = Math.min(retryAfterMs(last, clock.now()) ?? backOffMs, LONGEST_DELAY_MS)
    onRetry(last, delayMs)
    await clock.sleep(delayMs, signal)
  }
}

const isWorthAnother = (tried: Exchange) => tried.kind === 'failure' || TRIED_AGAIN.has(tried.status)

const mayHaveActed = (tried: Exchange) =>
  tried.kind === 'failure' ? tried.sent : tried.status !== 429 && TRIED_AGAIN.has(tried.status)

/** Seconds, or a date. */
function retryAfterMs(tried: Exchange, nowMs: number): number | undefined {
  const asked = tried.kind === 'answer' ? tried.headers['retry-after']?.trim() : undefined
  if (asked === undefined || asked === '') return undefined
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - nowMs
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
