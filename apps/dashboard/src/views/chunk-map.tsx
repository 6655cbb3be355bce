import type { ChunkRun } from '../api-types.ts'
import { count } from '../format.ts'

const states = [
  ['done', 'done'],
  ['failed', 'with rejects'],
  ['running', 'in work'],
  ['waiting', 'waiting'],
  ['mixed', 'mixed']
] as const

/** The operation from its first record to its last: one strip, a piece of it for each run of equal chunks. */
export function ChunkMap({ runs }: { readonly runs: readonly ChunkRun[] }) {
  const total = runs.reduce((sum, run) => sum + run.chunks, 0)
  if (total === 0) return <p class="empty">Not split into chunks yet.</p>
  const present = states
    .map(([state, text]) => ({ state, text, chunks: chunksOf(runs, state) }))
    .filter(({ chunks }) => chunks > 0)
  return (
    <figure class="chunks">
      <svg viewBox={`0 0 ${total} 10`} preserveAspectRatio="none" aria-hidden="true">
        {runs.map((run) => (
          <rect key={run.first} class={run.state} x={run.first} y="0" width={run.chunks} height="10" />
        ))}
      </svg>
      <figcaption>
        {count(total)} chunks:
        {present.map(({ state, text, chunks }) => (
          <span key={state} class={`key ${state}`}>
            {count(chunks)} {text}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

function chunksOf(runs: readonly ChunkRun[], state: string): number {
  return runs.filter((run) => run.state === state).reduce((sum, run) => sum + run.chunks, 0)
}
