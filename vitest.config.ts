import { defineConfig } from 'vitest/config'

const system = 'test/system/**/*.test.ts'
const faults = 'test/faults/**/*.test.ts'
/** The faults that are so common that no change may break what guards against them. */
const everyday = 'test/faults/everyday.faults.test.ts'
/** Faults whose outcome is a time, and one that is the work of a dozen processes. */
const alone = ['test/faults/{network,fairness,storm}/**/*.test.ts', 'test/faults/timed.faults.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    // Whoever waits here waits for real servers on a busy machine; how fast things are is the benchmarks' matter.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'suites',
          include: ['test/**/*.test.ts'],
          exclude: [system, faults],
          maxWorkers: 2,
          sequence: { groupOrder: 0 }
        }
      },
      // A dozen processes each: one after the other, and with the machine to themselves.
      { extends: true, test: { name: 'system', include: [system], maxWorkers: 1, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'everyday', include: [everyday], maxWorkers: 1, sequence: { groupOrder: 2 } } },
      // The last two are `npm run test:faults`. Most of what a fault takes is waiting, for leases above all: three go on at a time.
      {
        extends: true,
        test: { name: 'faults-beside', include: [faults], exclude: alone, maxWorkers: 3, sequence: { groupOrder: 3 } }
      },
      { extends: true, test: { name: 'faults', include: alone, maxWorkers: 1, sequence: { groupOrder: 4 } } }
    ]
  }
})
