import { useSignal } from '@preact/signals'
import { controlOperation, saveOperation } from '../actions.ts'
import type { Control } from '../actions.ts'
import type { Operation } from '../api-types.ts'
import type { Progress } from '../progress.ts'

interface Shown {
  readonly operation: Operation
  readonly progress: Progress
}

/** Only what the operation's state allows. */
export function OperationActions({ operation, progress }: Shown) {
  const busy = useSignal(false)
  const act = async (work: Promise<void>) => {
    busy.value = true
    await work
    busy.value = false
  }
  const control = (name: Control, text: string) => (
    <button type="button" disabled={busy.value} onClick={() => void act(controlOperation(operation.id, name))}>
      {text}
    </button>
  )
  const paused = operation.control === 'pause'
  const savable = operation.status === 'data_mapping_completed' && operation.operationType === 'remapping'
  return (
    <div class="actions">
      {progress.running && !paused && control('pause', 'Pause')}
      {progress.running && paused && control('resume', 'Resume')}
      {progress.running && (
        <CancelButton disabled={busy.value} cancel={() => act(controlOperation(operation.id, 'cancel'))} />
      )}
      {operation.status.endsWith('_failed') && control('retry-failed', retryText(operation))}
      {savable && (
        <button type="button" class="main" disabled={busy.value} onClick={() => void act(saveOperation(operation.id))}>
          Save
        </button>
      )}
    </div>
  )
}

/** A stopped operation has open chunks left; another only has chunks with rejected records. */
function retryText(operation: Operation): string {
  return operation.stopReason === undefined ? 'Retry what failed' : 'Take up the rest'
}

/** Asks once more in its own place; leaving it takes the question back. */
function CancelButton({ disabled, cancel }: { readonly disabled: boolean; readonly cancel: () => Promise<void> }) {
  const asked = useSignal(false)
  if (!asked.value) {
    return (
      <button type="button" disabled={disabled} onClick={() => (asked.value = true)}>
        Cancel
      </button>
    )
  }
  return (
    <button
      type="button"
      class="danger"
      disabled={disabled}
      onBlur={() => (asked.value = false)}
      onClick={() => void cancel()}
    >
      Really cancel?
    </button>
  )
}
