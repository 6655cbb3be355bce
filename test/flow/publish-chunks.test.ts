import { MigrationError } from '@marc-migrations/domain'
import type { ArmedStage, Logger } from '@marc-migrations/domain'
import { publishChunks } from '@marc-migrations/flow'
import { expect, test } from 'vitest'
import { silentLogger } from '../support/silent-logger.ts'

const stage: ArmedStage = { tenant: 'diku', operationId: 'an-operation', stage: 'DATA_MAPPING', armedForMs: 0 }

test('hints that a broker does not take are told of once each ten seconds, not by each publish', async () => {
  const told: { readonly at: number; readonly event: string }[] = []
  let now = 0
  const logger: Logger = {
    ...silentLogger,
    warn: (_fields: unknown, event?: string) => told.push({ at: now, event: event ?? '' })
  }
  const ports = {
    publish: {
      demand: () => Promise.resolve({ due: 1 }),
      reserve: () => Promise.resolve(1),
      mark: () => Promise.resolve([{ chunkId: 'a-chunk', epoch: 1 }])
    },
    bus: { publish: () => Promise.reject(new MigrationError('BROKER_UNAVAILABLE', {})) },
    clock: { monotonic: () => now, sleep: () => new Promise((resolve) => setImmediate(resolve)) },
    logger
  } as unknown as Parameters<typeof publishChunks>[1]
  for (; now < 25_000; now += 500) expect(await publishChunks(stage, ports)).toMatchObject({ published: 1 })
  expect(told).toEqual([0, 10_000, 20_000].map((at) => ({ at, event: 'hints.lost' })))
})
