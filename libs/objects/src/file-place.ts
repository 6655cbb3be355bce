import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { requireKey } from './object-key.ts'

const READABLE_TAIL = 80
/** Taken as it is: no file system takes two of these for one. */
const PLAIN_SEGMENT = /^[a-z0-9][a-z0-9._-]{0,79}$/

/** Beneath it, objects that are still being written. */
export const TEMP_FOLDER = '.writing'

/**
 * Where the object of a key lies: below the folders of its key, `=ab/<hash>-<end of the key>`. The hash spreads objects over 256
 * folders and keeps apart keys that a file system would take for one (letter case, normal forms); the end of the key is for a
 * person who looks.
 *
 * @throws {MigrationError} INVARIANT_BROKEN for a key that no object may have
 */
export function filePlace(dir: string, key: string): string {
  const hash = hashOf(requireKey(key))
  const segments = key.split('/')
  return join(dir, ...segments.slice(0, -1).map(folderName), `=${hash.slice(0, 2)}`, `${hash.slice(2)}-${tailOf(segments)}`)
}

/**
 * The folder of everything whose key begins with this one.
 *
 * @param prefix ends with a slash
 * @throws {MigrationError} INVARIANT_BROKEN for a prefix that no key may have
 */
export function folderPlace(dir: string, prefix: string): string {
  return join(dir, ...requireKey(prefix.slice(0, -1)).split('/').map(folderName))
}

/** No name of the one form is one of the other, nor that of a folder objects are spread over. */
function folderName(segment: string): string {
  return PLAIN_SEGMENT.test(segment) ? segment : `~${hashOf(segment)}-${tailOf([segment])}`
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 42)
}

function tailOf(segments: readonly string[]): string {
  return (segments.at(-1) ?? '').replace(/[^A-Za-z0-9._-]/g, '_').slice(-READABLE_TAIL)
}
