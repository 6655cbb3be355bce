import { useSignal, useSignalEffect } from '@preact/signals'
import { call } from '../api.ts'
import type { Chunk, ChunkRun, Operation } from '../api-types.ts'
import { clockTime, count, duration } from '../format.ts'
import { tenant } from '../identity.ts'
import { ChunkMap } from './chunk-map.tsx'

const REFRESH_MS = 3000
const FAILED_SHOWN = 20

/** What there is to know of one operation; it looks again while it is open. */
export function OperationDetail({ operation }: { readonly operation: Operation }) {
  const runs = useSignal<readonly ChunkRun[]>([])
  const failed = useSignal<{ readonly chunks: readonly Chunk[]; readonly totalRecords: number }>({
    chunks: [],
    totalRecords: 0
  })
  const id = operation.id
  useSignalEffect(() => {
    if (tenant.value === '') return undefined
    const look = async () => {
      const path = `/marc-migrations/${id}/chunks`
      runs.value = (await call<{ runs: ChunkRun[] }>(`${path}?summary=1`)).runs
      failed.value = await call(`${path}?only=failed&limit=${FAILED_SHOWN}`)
    }
    const again = () => void look().catch(() => undefined)
    again()
    const timer = setInterval(again, REFRESH_MS)
    return () => clearInterval(timer)
  })
  return (
    <div class="detail">
      <ChunkMap runs={runs.value} />
      <Facts operation={operation} />
      {failed.value.totalRecords > 0 && <FailedChunks {...failed.value} />}
    </div>
  )
}

function Facts({ operation }: { readonly operation: Operation }) {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Operation', operation.id],
    ['Started by', operation.userId],
    ['Format', operation.source?.format],
    ['Why it stopped', operation.stopReason],
    ['Mapping', span(operation.startTimeMapping, operation.endTimeMapping)],
    ['Saving', span(operation.startTimeSaving, operation.endTimeSaving)]
  ]
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )
      )}
    </dl>
  )
}

function span(start: string | undefined, end: string | undefined): string | undefined {
  if (start === undefined) return undefined
  if (end === undefined || Date.parse(end) < Date.parse(start)) return `since ${clockTime(start)}`
  return `${clockTime(start)}, ${duration(Date.parse(end) - Date.parse(start))}`
}

function FailedChunks({ chunks, totalRecords }: { readonly chunks: readonly Chunk[]; readonly totalRecords: number }) {
  return (
    <table>
      <caption>
        Chunks with rejected records: {count(totalRecords)}
        {totalRecords > chunks.length && `, the first ${chunks.length} shown`}
      </caption>
      <thead>
        <tr>
          <th scope="col">Chunk</th>
          <th scope="col" class="number">
            Records
          </th>
          <th scope="col" class="number">
            Rejected
          </th>
        </tr>
      </thead>
      <tbody>
        {chunks.map((chunk) => (
          <tr key={chunk.id}>
            <td>
              <code>{chunk.id}</code>
            </td>
            <td class="number">{count(chunk.numOfRecords)}</td>
            <td class="number">{count(chunk.rejectedNumOfRecords)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
