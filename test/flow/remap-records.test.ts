import { remapRecords } from '@marc-migrations/flow'
import { expect, test, vi } from 'vitest'
import { demoRecords } from '../../apps/cli/src/demo-file/demo-file.ts'

const file = Buffer.concat([...demoRecords({ records: 10, broken: 2 })])
const lines = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString('utf8').trim().split('\n')

test.each(['iso2709', 'jsonl'] as const)(
  'a chunk out of attempts is rejected without reading a record again: %s',
  (format) => {
    const bytes = format === 'iso2709' ? file : Buffer.from('{"leader":1}\n\n{"leader":2}\n{"lea')
    const toString = vi.spyOn(Buffer.prototype, 'toString')
    const records = { kind: 'file', format, bytes, firstRecordIndex: 40, firstOffset: 1000, sourceName: 'names' } as const
    const task = { tenant: 'alpha', entityType: 'authority', records, giveUpReason: 'it dies each time' } as const
    const outcome = remapRecords(task, null)
    expect(toString).not.toHaveBeenCalled()
    vi.restoreAllMocks()
    const count = format === 'iso2709' ? 10 : 3
    expect(outcome).toMatchObject({ mapped: 0, rejectedCount: count })
    expect(lines(outcome.reasons)).toEqual(Array(count).fill('<unknown>,it dies each time'))
    const rejected = lines(outcome.rejected).map(
      (line) => JSON.parse(line) as { index: number; offset: number; length: number }
    )
    expect(rejected.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, i) => 40 + i))
    expect(rejected[0]?.offset).toBe(1000)
    const last = rejected.at(-1)
    expect((last?.offset ?? 0) + (last?.length ?? 0)).toBe(1000 + bytes.byteLength)
  }
)
