import { randomUUID } from 'node:crypto'
import type { Operation } from '@marc-migrations/domain'
import { describe, expect, test } from 'vitest'
import { acceptsJson } from '../../apps/coordinator/src/http/accepts-json.ts'
import { coarsen } from '../../apps/coordinator/src/http/chunk-runs.ts'
import { errorAnswer } from '../../apps/coordinator/src/http/error-answer.ts'
import { presentOperation, presentStarted, timestamp } from '../../apps/coordinator/src/http/present.ts'
import type { ChunkRunBody } from '../../apps/coordinator/src/http/schemas.ts'

const operation: Operation = {
  id: randomUUID(),
  tenant: 'diku',
  userId: randomUUID(),
  entityType: 'authority',
  operationType: 'remapping',
  status: 'DATA_MAPPING_COMPLETED',
  control: 'run',
  stopReason: null,
  totalRecords: 81,
  mappedRecords: 81,
  rejectedRecords: 0,
  savedRecords: 0,
  driftRecords: 0,
  chunkingSealed: true,
  rulesHash: null,
  source: null,
  publishEvents: true,
  waitingFor: null,
  createdAt: new Date(),
  startTimeMapping: new Date('2026-01-02T03:04:05.120Z'),
  endTimeMapping: new Date('2026-01-02T03:04:06.000Z'),
  startTimeSaving: null,
  endTimeSaving: null
}

describe('an operation in an answer', () => {
  test('has the contract’s properties: zeros kept, nulls left out, times without a fraction of zeros', () => {
    expect(presentOperation(operation)).toEqual({
      id: operation.id,
      userId: operation.userId,
      entityType: 'authority',
      operationType: 'remapping',
      status: 'data_mapping_completed',
      totalNumOfRecords: 81,
      mappedNumOfRecords: 81,
      savedNumOfRecords: 0,
      startTimeMapping: '2026-01-02T03:04:05.120Z',
      endTimeMapping: '2026-01-02T03:04:06Z'
    })
  })

  test('shows ours only when they say something', () => {
    const stopped = { ...operation, control: 'pause', stopReason: 'user', driftRecords: -2, rejectedRecords: 3 } as const
    expect(presentOperation(stopped)).toMatchObject({
      control: 'pause',
      stopReason: 'user',
      drift: -2,
      rejectedNumOfRecords: 3
    })
  })

  test('that was just started is new, whatever it has become since', () => {
    const { status, mappedNumOfRecords, startTimeMapping } = presentStarted(operation)
    expect({ status, mappedNumOfRecords, startTimeMapping }).toEqual({ status: 'new', mappedNumOfRecords: 0 })
  })

  test('has times in UTC', () => {
    expect(timestamp(new Date('2026-01-02T05:04:05.5+02:00'))).toBe('2026-01-02T03:04:05.500Z')
  })
})

describe('runs of chunks', () => {
  const run = (first: number, state: ChunkRunBody['state']): ChunkRunBody => ({
    first,
    chunks: 1,
    state,
    records: 10,
    processed: 5
  })

  test('that are few stay as they are', () => {
    const runs = [run(0, 'done'), run(1, 'failed')]
    expect(coarsen(runs, 2)).toEqual(runs)
  })

  test('that are too many are joined, nothing of them lost', () => {
    const runs = Array.from({ length: 5001 }, (_, at) => run(at, at % 2 === 0 ? 'done' : 'failed'))
    const fewer = coarsen(runs, 2000)
    expect(fewer.length).toBeLessThanOrEqual(2000)
    expect(fewer.reduce((sum, { chunks }) => sum + chunks, 0)).toBe(5001)
    expect(fewer.reduce((sum, { processed }) => sum + processed, 0)).toBe(25_005)
    expect(fewer[0]).toEqual({ first: 0, chunks: 3, state: 'mixed', records: 30, processed: 15 })
    expect(fewer.at(-1)?.first).toBe(4998)
  })
})

describe('Accept', () => {
  test.for([
    [undefined, true],
    ['', true],
    ['*/*', true],
    ['text/html,application/xhtml+xml,*/*;q=0.8', true],
    ['application/json', true],
    ['application/*', true],
    ['text/html', false],
    ['application/json;q=0', false],
    ['application/json;q=0.0, text/plain', false]
  ] as const)('%s leaves room for JSON: %s', ([accept, room]) => {
    expect(acceptsJson(accept)).toBe(room)
  })
})

describe('an unexpected error', () => {
  test('is a 500 with its own name and message', () => {
    class CupboardError extends Error {}
    const answer = errorAnswer(new CupboardError('the cupboard is bare'))
    expect(answer.status).toBe(500)
    expect(answer.entries).toEqual([{ message: 'the cupboard is bare', type: 'CupboardError', code: 'service_error' }])
    expect(errorAnswer('just text').entries[0]).toMatchObject({ message: 'just text', type: 'Error' })
  })
})
