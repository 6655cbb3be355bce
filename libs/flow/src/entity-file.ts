import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type { ObjectStore, StoredFile } from '@marc-migrations/domain'

/** An entity file as it stands now. */
export interface EntityFile {
  /** Why it is not the file that was counted; null when it is. */
  readonly fault: string | null
  /** Empty unless it was to be kept. */
  readonly bytes: Uint8Array
}

/**
 * Reads a file of mapped records and holds it against the length and hash that were counted with it.
 *
 * @param options.keep also returns the bytes; without it the file is never in memory as a whole
 */
export async function readEntityFile(
  objects: ObjectStore,
  file: StoredFile,
  { keep, signal }: { readonly keep: boolean; readonly signal: AbortSignal }
): Promise<EntityFile> {
  const pieces: Uint8Array[] = []
  const hash = createHash('sha256')
  let lengthBytes = 0
  try {
    for await (const piece of objects.read(file.key, { signal })) {
      hash.update(piece)
      lengthBytes += piece.byteLength
      if (keep) pieces.push(piece)
    }
  } catch (error) {
    if (!(error instanceof MigrationError && error.code === 'OBJECT_NOT_FOUND')) throw error
    return { fault: 'The file of mapped records is gone: map the chunk again', bytes: new Uint8Array() }
  }
  // A file of the module replaced was counted without either.
  const intact = file.sha256 === '' || (lengthBytes === file.lengthBytes && hash.digest('hex') === file.sha256)
  const fault = intact ? null : 'The file of mapped records is not the one that was counted: map the chunk again'
  return { fault, bytes: Buffer.concat(pieces) }
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
