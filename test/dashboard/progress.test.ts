import { describe, expect, test } from 'vitest'
import type { Operation } from '../../apps/dashboard/src/api-types.ts'
import { bytes, duration, plural, since } from '../../apps/dashboard/src/format.ts'
import { parseEvent } from '../../apps/dashboard/src/parse-event.ts'
import { averageRate, progressOf, rateOf, withSample } from '../../apps/dashboard/src/progress.ts'
import { sourceName } from '../../apps/dashboard/src/source-name.ts'

const operation: Operation = {
  id: 'o',
  userId: 'u',
  entityType: 'authority',
  operationType: 'import',
  status: 'data_mapping',
  totalNumOfRecords: 1000,
  mappedNumOfRecords: 400,
  savedNumOfRecords: 0
}

describe('what the page says of an operation', () => {
  test.for<[Partial<Operation>, string, string]>([
    [{ status: 'new' }, 'Starting', 'idle'],
    [{}, 'Mapping', 'running'],
    [{ control: 'pause' }, 'Paused', 'paused'],
    [{ status: 'data_mapping_completed' }, 'Mapped', 'done'],
    [{ status: 'data_mapping_failed', rejectedNumOfRecords: 1234 }, 'Finished, 1,234 rejected', 'warn'],
    [{ status: 'data_mapping_failed' }, 'Failed', 'bad'],
    [{ status: 'data_mapping_failed', stopReason: 'SOURCE_CHANGED', rejectedNumOfRecords: 3 }, 'Stopped', 'bad'],
    [{ status: 'data_mapping_failed', stopReason: 'cancelled' }, 'Cancelled', 'bad'],
    [{ status: 'data_saving' }, 'Saving', 'running'],
    [{ status: 'data_saving', waitingFor: { operationId: 'x' } }, 'Waiting', 'idle'],
    [{ status: 'data_saving_completed' }, 'Saved', 'done'],
    [{ status: 'data_saving_failed' }, 'Saving failed', 'bad']
  ])('%o reads %s', ([change, label, tone]) => {
    expect(progressOf({ ...operation, ...change })).toMatchObject({ label, tone })
  })

  test('is counting until the total is known, and never more than all', () => {
    expect(progressOf({ ...operation, totalNumOfRecords: 0 })).toMatchObject({ counted: false, total: 400 })
    expect(progressOf({ ...operation, totalNumOfRecords: 300 })).toMatchObject({ counted: false, total: 400 })
    expect(progressOf(operation)).toMatchObject({ counted: true, total: 1000 })
    const empty = { ...operation, status: 'data_mapping_completed', totalNumOfRecords: 0, mappedNumOfRecords: 0 }
    expect(progressOf(empty)).toMatchObject({ counted: true, total: 0 })
  })
})

describe('a rate', () => {
  test('needs a second between its samples', () => {
    expect(rateOf([{ atMs: 0, processed: 0 }])).toBeUndefined()
    expect(
      rateOf([
        { atMs: 0, processed: 0 },
        { atMs: 900, processed: 50 }
      ])
    ).toBeUndefined()
    expect(
      rateOf([
        { atMs: 0, processed: 0 },
        { atMs: 2000, processed: 500 }
      ])
    ).toBe(250)
  })

  test('forgets what is older than half a minute, and begins anew when a retry lowers the count', () => {
    const samples = [0, 10, 20, 30, 40].reduce(
      (seen, second) => withSample(seen, { atMs: second * 1000, processed: second }),
      [] as ReturnType<typeof withSample>
    )
    expect(samples.map(({ atMs }) => atMs / 1000)).toEqual([10, 20, 30, 40])
    expect(withSample(samples, { atMs: 41_000, processed: 5 })).toEqual([{ atMs: 41_000, processed: 5 }])
  })

  test('of a finished stage is its average, rejected records included', () => {
    const times = { startTimeMapping: '2026-01-01T00:00:00Z', endTimeMapping: '2026-01-01T00:00:10Z' }
    const finished = {
      ...operation,
      ...times,
      status: 'data_mapping_failed',
      mappedNumOfRecords: 990,
      rejectedNumOfRecords: 10
    }
    expect(averageRate(finished)).toBe(100)
    expect(averageRate(operation)).toBeUndefined()
  })
})

describe('words', () => {
  test('for durations, sizes, numbers and times', () => {
    expect([0, 45_400, 180_000, 7_500_000].map(duration)).toEqual(['0 s', '45 s', '3 min', '2 h 05 min'])
    expect([0, 999, 1500, 4_812_331, 12_000_000_000].map(bytes)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.5 kB',
      '4.8 MB',
      '12 GB'
    ])
    expect([plural(1, 'chunk'), plural(1200, 'chunk')]).toEqual(['1 chunk', '1,200 chunks'])
    const now = Date.parse('2026-01-02T00:00:00Z')
    expect(since('2026-01-01T23:59:30Z', now)).toBe('just now')
    expect(since('2026-01-01T22:00:00Z', now)).toBe('2 hours ago')
    expect(since('2026-01-01T00:00:00Z', now)).toBe('yesterday')
  })

  test('a file’s name becomes one the API takes', () => {
    expect(sourceName('Authorities (März).mrc')).toBe('Authorities-Marz-.mrc')
    expect(sourceName('..hidden')).toBe('hidden')
    expect(sourceName('дворжак')).toBe('records.mrc')
    expect(sourceName('a'.repeat(200))).toHaveLength(128)
  })

  test('an event is read with its name and data, a comment has none', () => {
    expect(parseEvent('event: operation\ndata: {"a":1}')).toEqual({ name: 'operation', data: '{"a":1}' })
    expect(parseEvent(': still here')).toEqual({ name: '', data: '' })
  })
})
