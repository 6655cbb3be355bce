import { test } from 'vitest'
import type { Site, Servers } from './site.ts'

/** What the table of faults says of one of them beside its name, its outcome and its time. */
export interface FaultWords {
  readonly done: string
  readonly expected: string
}

export interface FaultMeta extends FaultWords {
  /** Facts the test came by, in its own order. */
  readonly seen: string[]
}

declare module 'vitest' {
  interface TaskMeta {
    fault?: FaultMeta
  }
}

/** Long enough for a machine with far too much to do; nothing here waits for a time, only for what is to happen. */
const LIMIT_MS = 300_000

/**
 * One row of the fault matrix as a test.
 *
 * @param saw notes a fact for the table: a count, a time, what a process said
 */
export type FaultRun = (site: Site, saw: (fact: string) => void) => Promise<void>

/**
 * Tests of faults on these servers; each gets a site of its own.
 *
 * @param ownServer with a PostgreSQL of its own
 */
export function faultsOn(
  servers: Servers,
  { ownServer = false, limitMs = LIMIT_MS } = {}
): (name: string, words: FaultWords, run: FaultRun) => void {
  return (name, words, run) => {
    test(name, { timeout: limitMs }, async ({ task }) => {
      const meta: FaultMeta = { ...words, seen: [] }
      task.meta.fault = meta
      const site = await servers.site(ownServer)
      await run(site, (fact) => meta.seen.push(fact))
    })
  }
}
