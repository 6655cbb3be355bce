import { MigrationError, uploadName } from '@marc-migrations/domain'
import type { SourceFile } from '@marc-migrations/domain'
import type { HttpDeps } from './http-deps.ts'

const HEAD_BYTES = 64 * 1024
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** @throws {MigrationError} SOURCE_NAME_MALFORMED; the name becomes part of an object key */
export function sourceNameOf(text: string): string {
  if (!NAME.test(text)) throw new MigrationError('SOURCE_NAME_MALFORMED', {})
  return text
}

/**
 * Streams an upload into a fresh object and points the name to it; running operations keep the object they started with.
 *
 * No more than the head and the piece under way are held here, whatever the file's size. A file that is empty, or whose first
 * bytes are none of the known formats, is refused before anything is stored.
 */
export async function receiveSource(
  upload: { readonly tenant: string; readonly name: string; readonly pieces: AsyncIterator<Uint8Array> },
  deps: HttpDeps,
  signal: AbortSignal
): Promise<{ readonly file: Omit<SourceFile, 'uploadedAt'>; readonly replaced: boolean }> {
  const { tenant, name, pieces } = upload
  const head = await readHead(pieces)
  const format = recognise(name, head, deps)

  const objectKey = uploadName(deps.settings.subPath, tenant, name, deps.newId())
  const { etag, lengthBytes } = await deps.objects.putStream(objectKey, withHead(head, pieces), signal)
  const file = { name, objectKey, etag, lengthBytes, format }
  try {
    const earlier = await deps.stores.sourceFiles.point(tenant, file)
    return { file, replaced: earlier !== null }
  } catch (error) {
    await forget(objectKey, deps)
    throw error
  }
}

function recognise(name: string, head: Uint8Array, deps: HttpDeps): SourceFile['format'] {
  if (head.length === 0) {
    throw new MigrationError('SOURCE_EMPTY', { name, hint: 'send the file as the request body, as curl -T FILE does' })
  }
  const format = deps.sniffFormat(head)
  if (format !== undefined) return format
  const hint = 'send ISO 2709 (.mrc), MARC-in-JSON lines, MARCXML or MarcEdit text, not a form and not an archive'
  throw new MigrationError('SOURCE_UNREADABLE', { name, hint })
}

async function readHead(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const read: Uint8Array[] = []
  let bytes = 0
  while (bytes < HEAD_BYTES) {
    const next = await pieces.next()
    if (next.done === true) break
    read.push(next.value)
    bytes += next.value.length
  }
  return read.length === 1 && read[0] !== undefined ? read[0] : Buffer.concat(read)
}

async function* withHead(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

/** An object nobody points to is only lost room: failing to delete it must not hide why it is not wanted. */
async function forget(key: string, deps: HttpDeps): Promise<void> {
  try {
    await deps.objects.delete(key)
  } catch (error) {
    deps.logger.warn({ key, reason: String(error) }, 'source.left-behind')
  }
}
