import { describe, expect, test, vi } from 'vitest'
import { rareEvents } from './history.ts'
import type { RareEvent } from './history.ts'
import { runSimulation } from './run-simulation.ts'

const BLOCKS = 10
const SEEDS_PER_BLOCK = 50
/** A second of an idle machine, many of a busy one. */
const TIMEOUT_MS = 600_000

describe('the whole system in a world that fails', () => {
  const seen = new Map<RareEvent, number>()

  test.each(Array.from({ length: BLOCKS }, (_, block) => block * SEEDS_PER_BLOCK + 1))(
    'leaves what one undisturbed process would have left, seeds from %d on',
    { timeout: TIMEOUT_MS },
    async (from) => {
      for (let seed = from; seed < from + SEEDS_PER_BLOCK; seed++) {
        const report = await runSimulation(seed)
        for (const event of rareEvents) seen.set(event, (seen.get(event) ?? 0) + (report.rareEvents[event] ?? 0))
        expect(report.violations, `npm run simulate -- --seed ${seed} --trace`).toEqual([])
      }
    }
  )

  test.each(rareEvents)('has met this: %s', (event) => {
    expect(seen.get(event) ?? 0).toBeGreaterThan(0)
  })

  test(
    'does the same again from the same seed, whatever the machine says of time and chance',
    { timeout: TIMEOUT_MS },
    async () => {
      const first = await runSimulation(7)
      vi.spyOn(Math, 'random').mockReturnValue(0.5)
      vi.spyOn(Date, 'now').mockReturnValue(1)
      vi.spyOn(performance, 'now').mockReturnValue(1)
      const second = await runSimulation(7).finally(() => vi.restoreAllMocks())
      const other = await runSimulation(8)

      expect(second.lines).toEqual(first.lines)
      expect(second.digest).toBe(first.digest)
      expect(other.digest).not.toBe(first.digest)
    }
  )
})
