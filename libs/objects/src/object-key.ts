import { MigrationError } from '@marc-migrations/domain'

/**
 * Accepts a key as `object-names.ts` builds them: segments between single slashes, none of them `.` or `..`, no NUL.
 *
 * @throws {MigrationError} INVARIANT_BROKEN
 */
export function requireKey(key: string): string {
  const sound =
    !key.includes('\0') && key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  if (!sound)
    throw new MigrationError('INVARIANT_BROKEN', { what: 'a key that no object may have', key: JSON.stringify(key) })
  return key
}

/** True where a deletion means everything below the key. */
export function isPrefix(key: string): boolean {
  return key.endsWith('/')
}
