import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type { ObjectStore, StoredFile } from '@marc-migrations/domain'

const GONE = 'The file of mapped records is gone: map the chunk again'
const ANOTHER = 'The file of mapped records is not the one that was counted: map the chunk again'

/**
 * Holds a file of mapped records against the length and hash that were counted with it. A store that keeps the hash of what it took
 * in is asked for that; from any other the file is read, and is never in memory as a whole.
 *
 * @returns why it is not the file that was counted; null when it is
 */
export async function checkEntityFile(objects: ObjectStore, file: StoredFile, signal: AbortSignal): Promise<string | null> {
  const stored = await objects.head(file.key, signal)
  if (stored === null) return GONE
  // A file of the module replaced was counted without either.
  if (file.sha256 === '') return null
  if (stored.lengthBytes !== file.lengthBytes) return ANOTHER
  if (stored.sha256 !== undefined) return stored.sha256 === file.sha256 ? null : ANOTHER
  return await readChecked(objects, file, signal, () => {})
}

/** The same with its bytes, or why it is not the file. */
export async function loadEntityFile(
  objects: ObjectStore,
  file: StoredFile,
  signal: AbortSignal
): Promise<Uint8Array | string> {
  const pieces: Uint8Array[] = []
  const fault = await readChecked(objects, file, signal, (piece) => pieces.push(piece))
  return fault ?? Buffer.concat(pieces)
}

async function readChecked(
  objects: ObjectStore,
  file: StoredFile,
  signal: AbortSignal,
  take: (piece: Uint8Array) => void
): Promise<string | null> {
  const hash = createHash('sha256')
  let lengthBytes = 0
  try {
    for await (const piece of objects.read(file.key, { signal })) {
      hash.update(piece)
      lengthBytes += piece.byteLength
      take(piece)
    }
  } catch (error) {
    if (!(error instanceof MigrationError && error.code === 'OBJECT_NOT_FOUND')) throw error
    return GONE
  }
  const intact = file.sha256 === '' || (lengthBytes === file.lengthBytes && hash.digest('hex') === file.sha256)
  return intact ? null : ANOTHER
}

/** Lines without their ends, as the storage modules read them; empty ones are none. */
export function linesOf(bytes: Uint8Array): readonly string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '')
}

/** A whole small object as lines; null when it is not there. */
export async function readLines(objects: ObjectStore, key: string, signal: AbortSignal): Promise<readonly string[] | null> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of objects.read(key, { signal })) pieces.push(piece)
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'OBJECT_NOT_FOUND') return null
    throw error
  }
  return linesOf(Buffer.concat(pieces))
}
