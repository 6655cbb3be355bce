import { loadavg } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fuzzApi } from './api-fuzzer.ts'
import { aFuzzedService } from './fuzzed-service.ts'
import type { FuzzedService } from './fuzzed-service.ts'
import { routesOf } from './openapi-document.ts'

/** Seconds of fuzzing; `npm run fuzz:api` for the long run. */
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 20)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)

let service: FuzzedService
beforeAll(async () => {
  service = await aFuzzedService()
}, 240_000)
afterAll(async () => {
  await service.close()
})

describe('requests of every kind, valid, nearly valid and hostile', () => {
  test(
    `get no 500, no hang, errors in the envelope and successes as documented (FUZZ_SEED=${SEED})`,
    async () => {
      const { requests, statuses, served } = await fuzzApi(service, SECONDS, SEED)
      console.log(
        `fuzz: ${requests} requests in ${SECONDS} s, load ${loadavg()[0]?.toFixed(1)}, ${JSON.stringify(statuses)}`
      )
      expect(service.failures()).toEqual([])
      expect(requests).toBeGreaterThan(100)
      // A generator that never gets past the doors would find nothing.
      expect(served.length).toBeGreaterThan(routesOf(service.document).length / 2)
    },
    SECONDS * 1000 + 180_000
  )
})
