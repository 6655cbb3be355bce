import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { requireKey } from './object-key.ts'

const READABLE_TAIL = 80

/** Beneath it, objects that are still being written. */
export const TEMP_FOLDER = '.writing'

/**
 * Where the object of a key lies: `ab/<hash>-<end of the key>`. The hash spreads objects over 256 folders and keeps apart
 * keys that a file system would take for one (letter case, normal forms); the end of the key is for a person who looks.
 *
 * @throws {MigrationError} INVARIANT_BROKEN for a key that no object may have
 */
export function filePlace(dir: string, key: string): { readonly folder: string; readonly file: string } {
  const hash = createHash('sha256').update(requireKey(key)).digest('hex')
  const tail = (key.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9._-]/g, '_').slice(-READABLE_TAIL)
  const folder = join(dir, hash.slice(0, 2))
  return { folder, file: join(folder, `${hash.slice(2, 42)}-${tail}`) }
}
