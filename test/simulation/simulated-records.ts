import type { ChunkRecords, ChunkWindow, NewChunk, NewId, RecordSource, SourceRow, SplitPage } from '@marc-migrations/domain'
import { storedRecord } from './sample-records.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** FOLIO's stored records of all tenants, in the order of their ids, cut as the real source cuts them. */
export class SimulatedRecords {
  private readonly rows = new Map<string, SourceRow[]>()
  private readonly newId: NewId
  private made = 0

  constructor(newId: NewId) {
    this.newId = newId
  }

  fill(random: SeededRandom, tenant: string, count: number, brokenShare: number): void {
    const rows = Array.from({ length: count }, () => storedRecord(random, this.made++, random.chance(brokenShare)))
    this.rows.set(tenant, rows.sort(byId))
  }

  of(tenant: string): readonly SourceRow[] {
    return this.rows.get(tenant) ?? []
  }

  /** A record comes, goes, or is edited, while operations run. */
  drift(random: SeededRandom): void {
    const tenants = [...this.rows.keys()]
    const tenant = random.pick(tenants)
    const rows = this.rows.get(tenant) ?? []
    if (rows.length === 0 || random.chance(0.4)) rows.push(storedRecord(random, this.made++, false))
    else if (random.chance(0.5)) rows.splice(random.between(0, rows.length - 1), 1)
    else {
      const at = random.between(0, rows.length - 1)
      const row = rows[at]
      if (row !== undefined) rows[at] = { ...row, version: (row.version ?? 0) + 1 }
    }
    rows.sort(byId)
  }

  /** A saved entity's version, as the next read sees it. */
  raiseVersion(tenant: string, recordId: string, version: number): void {
    const rows = this.rows.get(tenant) ?? []
    const at = rows.findIndex((row) => row.recordId === recordId)
    const row = rows[at]
    if (row !== undefined) rows[at] = { ...row, version }
  }

  within(tenant: string, window: Extract<ChunkWindow, { kind: 'ids' }>): readonly SourceRow[] {
    return this.of(tenant).filter(({ marcId }) => window.startRecordId <= marcId && marcId <= window.endRecordId)
  }

  /** The source as one process reaches it: every read is a call to the database. */
  seenBy(process: SimulatedProcess, network: SimulatedNetwork): RecordSource {
    const call = <T>(what: string, apply: () => T, signal?: AbortSignal): Promise<T> =>
      network.call(process, 'database', what, apply, signal)
    const { newId } = this
    const idsAfter = (tenant: string, after: string | null, limit: number): readonly string[] =>
      this.of(tenant)
        .filter(({ marcId }) => after === null || marcId > after)
        .slice(0, limit)
        .map(({ marcId }) => marcId)
    return {
      count: ({ tenant }) => call('records.count', () => this.of(tenant).length),
      divide: () => Promise.resolve([]),
      split: async function* ({ tenant }, range, sizes): AsyncIterable<SplitPage> {
        let cursor = range.cursor
        let position = range.firstPosition
        for (;;) {
          const after = cursor
          const ids = await call('records.ids', () => idsAfter(tenant, after, sizes.idsPerFetch))
          const chunks: NewChunk[] = []
          for (let at = 0; at < ids.length; at += sizes.recordsPerChunk) {
            const run = ids.slice(at, at + sizes.recordsPerChunk)
            const window = { kind: 'ids', startRecordId: run[0] ?? '', endRecordId: run.at(-1) ?? '' } as const
            chunks.push({ id: newId(), position: position++, recordCount: run.length, window })
          }
          cursor = ids.at(-1) ?? cursor
          const done = ids.length < sizes.idsPerFetch
          yield { chunks, cursor: cursor ?? '', recordCount: ids.length, done }
          if (done) return
        }
      },
      read: ({ tenant, window }, signal): Promise<ChunkRecords> =>
        call(
          'records.read',
          () => {
            if (window.kind !== 'ids') throw new Error('a chunk of stored records has ids')
            return { kind: 'rows', rows: this.within(tenant, window) }
          },
          signal
        )
    }
  }
}

function byId(one: SourceRow, other: SourceRow): number {
  return one.marcId < other.marcId ? -1 : 1
}
