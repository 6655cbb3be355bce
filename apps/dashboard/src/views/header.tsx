import { useSignal } from '@preact/signals'
import { chooseTenant, tenant } from '../identity.ts'
import { info, trouble } from '../state.ts'

export function Header() {
  return (
    <header>
      <div class="mark">
        <img src="./icon.svg" alt="" width="34" height="34" />
        <div>
          <h1>marc-migrations</h1>
          <p>{info.value === undefined ? 'connecting …' : `version ${info.value.version}`}</p>
        </div>
      </div>
      <nav aria-label="More">
        <a href="/docs/">API</a>
        <a href="/openapi.json">OpenAPI</a>
        <a href="/admin/health">Health</a>
      </nav>
      <TenantBox />
    </header>
  )
}

function TenantBox() {
  const typed = useSignal<string | undefined>(undefined)
  const live = tenant.value !== '' && trouble.value === undefined
  return (
    <form
      class="tenant"
      onSubmit={(event) => {
        event.preventDefault()
        chooseTenant((typed.value ?? tenant.value).trim())
        typed.value = undefined
      }}
    >
      <span class={`beat ${live ? 'live' : 'lost'}`} title={live ? 'live' : 'not connected'} aria-hidden="true" />
      <label for="tenant">Tenant</label>
      <input
        id="tenant"
        value={typed.value ?? tenant.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        autocomplete="off"
        spellcheck={false}
        pattern="[A-Za-z0-9_]{1,31}"
        title="1 to 31 letters, digits or underscores"
        placeholder="diku"
        required
      />
      <button type="submit" class="quiet">
        Show
      </button>
    </form>
  )
}
