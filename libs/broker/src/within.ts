import type { Clock } from '@marc-migrations/domain'

/** What `within` rejects with. */
export class TookTooLong extends Error {
  constructor(what: string, ms: number) {
    super(`${what} took more than ${ms} ms`)
    this.name = 'TookTooLong'
  }
}

/**
 * The promise's own end, or TookTooLong after `ms`. What it waited for goes on; a later failure of it is nobody's.
 *
 * @param what names the work in the error
 */
export async function within<T>(what: string, ms: number, work: Promise<T>, clock: Clock): Promise<T> {
  const settled = new AbortController()
  const late = clock.sleep(ms, settled.signal).then(() => {
    if (!settled.signal.aborted) throw new TookTooLong(what, ms)
    return work
  })
  work.catch(() => {})
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    settled.abort()
  }
}
