import { tenant } from '../identity.ts'
import { notice, trouble } from '../state.ts'
import { Cluster } from './cluster.tsx'
import { Header } from './header.tsx'
import { OperationList } from './operation-list.tsx'
import { StartForm } from './start-form.tsx'
import { Summary } from './summary.tsx'

export function Page() {
  return (
    <>
      <a class="skip" href="#operations">
        Skip to the operations
      </a>
      <Header />
      {trouble.value !== undefined && tenant.value !== '' && (
        <p class="banner" role="alert">
          {trouble.value}
        </p>
      )}
      <main>
        <div class="column">
          <Summary />
          <OperationList />
        </div>
        <aside class="column" aria-label="Start and cluster">
          <StartForm />
          <Cluster />
        </aside>
      </main>
      <Notice />
    </>
  )
}

/** Says what an action came to; read aloud, and gone at a click. */
function Notice() {
  const said = notice.value
  return (
    <div class="notice-place" role="status">
      {said !== undefined && (
        <button type="button" class={`notice ${said.bad ? 'bad' : 'good'}`} onClick={() => (notice.value = undefined)}>
          {said.text}
          <span aria-hidden="true"> ×</span>
          <span class="aside-text">, dismiss</span>
        </button>
      )}
    </div>
  )
}
