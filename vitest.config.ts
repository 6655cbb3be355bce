import { defineConfig } from 'vitest/config'

const system = 'test/system/**/*.test.ts'
const faults = 'test/faults/**/*.test.ts'
/** The faults that are so common that no change may break what guards against them. */
const everyday = 'test/faults/everyday.faults.test.ts'

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
      // `npm run test:faults` only.
      { extends: true, test: { name: 'faults', include: [faults], maxWorkers: 1, sequence: { groupOrder: 3 } } }
    ]
  }
})
