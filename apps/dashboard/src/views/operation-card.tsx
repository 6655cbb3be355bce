import type { Operation } from '../api-types.ts'
import { count, duration, plural, since } from '../format.ts'
import { averageRate, progressOf } from '../progress.ts'
import type { Progress } from '../progress.ts'
import { opened, rates } from '../state.ts'
import { OperationActions } from './operation-actions.tsx'
import { OperationDetail } from './operation-detail.tsx'
import { ProgressBar } from './progress-bar.tsx'

export function OperationCard({ operation }: { readonly operation: Operation }) {
  const progress = progressOf(operation)
  const isOpen = opened.value === operation.id
  const detailId = `detail-${operation.id}`
  const started = operation.startTimeSaving ?? operation.startTimeMapping
  return (
    <article class={`card operation ${progress.tone}`} aria-labelledby={`title-${operation.id}`}>
      <div class="card-top">
        <span class={`pill ${progress.tone}`}>{progress.label}</span>
        <h3 id={`title-${operation.id}`}>{titleOf(operation)}</h3>
        {started !== undefined && <time dateTime={started}>{since(started, Date.now())}</time>}
      </div>
      <ProgressBar progress={progress} label={titleOf(operation)} />
      <div class="card-bottom">
        <Counters operation={operation} progress={progress} />
        <OperationActions operation={operation} progress={progress} />
        <button
          type="button"
          class="quiet"
          aria-expanded={isOpen}
          aria-controls={detailId}
          onClick={() => (opened.value = isOpen ? undefined : operation.id)}
        >
          {isOpen ? 'Close' : 'Details'}
        </button>
      </div>
      {isOpen && (
        <div id={detailId}>
          <OperationDetail operation={operation} />
        </div>
      )}
    </article>
  )
}

function titleOf(operation: Operation): string {
  const what = operation.entityType === 'authority' ? 'Authorities' : 'Instances'
  return operation.source === undefined ? `${what} from the stored records` : `${what} from ${operation.source.name}`
}

function Counters({ operation, progress }: { readonly operation: Operation; readonly progress: Progress }) {
  const rate = progress.running ? rates.value.get(operation.id) : averageRate(operation)
  const left = progress.total - progress.good - progress.rejected
  const eta =
    progress.running && progress.counted && rate !== undefined && rate > 0 ? duration((left * 1000) / rate) : undefined
  return (
    <p class="counters">
      <span>
        <b>{count(progress.good)}</b>
        {progress.counted ? ` of ${count(progress.total)}` : ''} {progress.stage === 'saving' ? 'saved' : 'mapped'}
      </span>
      {progress.rejected > 0 && <span class="rejected">{count(progress.rejected)} rejected</span>}
      {operation.drift !== undefined && <span>{plural(operation.drift, 'record')} of drift</span>}
      {rate !== undefined && operation.control !== 'pause' && <span>{count(rate)} records/s</span>}
      {eta !== undefined && operation.control !== 'pause' && <span>about {eta} left</span>}
    </p>
  )
}
