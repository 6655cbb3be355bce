import { tenant } from '../identity.ts'
import { refreshOperations } from '../refresh.ts'
import { loaded, operations, shownOperations, totalOperations } from '../state.ts'
import { OperationCard } from './operation-card.tsx'

export function OperationList() {
  const more = totalOperations.value - operations.value.length
  return (
    <section id="operations" aria-labelledby="operations-title" tabIndex={-1}>
      <h2 id="operations-title">Operations</h2>
      {operations.value.length === 0 && <p class="empty">{emptyText()}</p>}
      <ol class="operations">
        {operations.value.map((operation) => (
          <li key={operation.id}>
            <OperationCard operation={operation} />
          </li>
        ))}
      </ol>
      {more > 0 && shownOperations.value < 1000 && (
        <button type="button" class="quiet wide" onClick={showMore}>
          Show more, {more} left
        </button>
      )}
    </section>
  )
}

function emptyText(): string {
  if (tenant.value === '') return 'Name a tenant above to see its migrations.'
  if (!loaded.value) return 'Looking …'
  return 'No migration yet. Start one beside this: upload a file of MARC records, or map the stored ones again.'
}

function showMore(): void {
  shownOperations.value = Math.min(1000, shownOperations.value + 20)
  void refreshOperations()
}
