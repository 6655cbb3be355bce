import { useSignal } from '@preact/signals'
import { startOperation, uploadSource } from '../actions.ts'
import { bytes } from '../format.ts'
import { tenant } from '../identity.ts'
import { sourceName } from '../source-name.ts'
import { info, sources } from '../state.ts'

type From = 'upload' | 'uploaded' | 'stored'

/** Starts a migration: of a file from this computer, of one uploaded before, or of the records FOLIO holds. */
export function StartForm() {
  const imports = info.value?.importEnabled === true
  const from = useSignal<From>('upload')
  const entityType = useSignal('authority')
  const file = useSignal<File | undefined>(undefined)
  const chosen = useSignal('')
  const sent = useSignal<number | undefined>(undefined)
  const way: From = imports ? from.value : 'stored'

  const start = async () => {
    sent.value = 0
    const name = await readySource(way, file.value, chosen.value, (share) => (sent.value = share))
    const started =
      name !== undefined &&
      (await startOperation({
        entityType: entityType.value,
        operationType: way === 'stored' ? 'remapping' : 'import',
        ...(way === 'stored' ? {} : { source: { name } })
      }))
    if (started) file.value = undefined
    sent.value = undefined
  }

  return (
    <section class="card" aria-labelledby="start-title">
      <h2 id="start-title">Start a migration</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void start()
        }}
      >
        {imports && <Ways way={way} choose={(next) => (from.value = next)} />}
        {way === 'upload' && <FilePicker file={file.value} choose={(next) => (file.value = next)} />}
        {way === 'uploaded' && <UploadedPicker chosen={chosen.value} choose={(next) => (chosen.value = next)} />}
        <label class="field">
          <span>Records become</span>
          <select value={entityType.value} onChange={(event) => (entityType.value = event.currentTarget.value)}>
            <option value="authority">authorities</option>
            <option value="instance">instances</option>
          </select>
        </label>
        <button type="submit" class="main wide" disabled={sent.value !== undefined || tenant.value === ''}>
          {buttonText(way, sent.value)}
        </button>
      </form>
    </section>
  )
}

/** @returns the name of the source, '' where none is needed; undefined when there is none to start from */
async function readySource(
  way: From,
  file: File | undefined,
  chosen: string,
  onProgress: (share: number) => void
): Promise<string | undefined> {
  if (way === 'stored') return ''
  if (way === 'uploaded') return chosen === '' ? undefined : chosen
  if (file === undefined) return undefined
  const name = sourceName(file.name)
  return (await uploadSource(file, name, onProgress)) ? name : undefined
}

function buttonText(way: From, sent: number | undefined): string {
  if (sent === undefined) return way === 'upload' ? 'Upload and start' : 'Start'
  return way === 'upload' && sent < 1 ? `Uploading, ${Math.floor(sent * 100)} %` : 'Starting …'
}

const ways: readonly (readonly [From, string])[] = [
  ['upload', 'A file'],
  ['uploaded', 'Uploaded before'],
  ['stored', 'Stored records']
]

function Ways({ way, choose }: { readonly way: From; readonly choose: (way: From) => void }) {
  return (
    <fieldset class="ways">
      <legend>Records from</legend>
      {ways.map(([value, text]) => (
        <label key={value}>
          <input type="radio" name="from" checked={way === value} onChange={() => choose(value)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}

function FilePicker({
  file,
  choose
}: {
  readonly file: File | undefined
  readonly choose: (file: File | undefined) => void
}) {
  const over = useSignal(false)
  return (
    <label
      class={`drop ${over.value ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault()
        over.value = true
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={(event) => {
        event.preventDefault()
        over.value = false
        choose(event.dataTransfer?.files[0])
      }}
    >
      <input
        type="file"
        aria-label="File of MARC records"
        required={file === undefined}
        onChange={(event) => choose(event.currentTarget.files?.[0])}
      />
      {file === undefined ? (
        <span>
          <b>Choose a file</b> or drop it here
          <small>ISO 2709 (.mrc), MARCXML, MARC-in-JSON or MRK, also as .gz, of any size</small>
        </span>
      ) : (
        <span>
          <b>{file.name}</b>
          <small>{bytes(file.size)}</small>
        </span>
      )}
    </label>
  )
}

function UploadedPicker({ chosen, choose }: { readonly chosen: string; readonly choose: (name: string) => void }) {
  if (sources.value.length === 0) return <p class="empty">Nothing has been uploaded yet.</p>
  return (
    <label class="field">
      <span>File</span>
      <select required value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">Choose …</option>
        {sources.value.map((source) => (
          <option key={source.name} value={source.name}>
            {source.name}, {source.format}, {bytes(source.lengthBytes)}
          </option>
        ))}
      </select>
    </label>
  )
}
