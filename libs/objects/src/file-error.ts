import { MigrationError } from '@marc-migrations/domain'

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What the object store says of a failed file operation; our own errors and aborts stay as they are. */
export function fileError(error: unknown, facts: { readonly dir: string; readonly key?: string }): unknown {
  if (error instanceof MigrationError || !isSystemError(error)) return error
  if (error.code === 'ENOENT' && facts.key !== undefined) return new MigrationError('OBJECT_NOT_FOUND', facts, error)
  const code = NO_ROOM.has(error.code) ? 'OBJECTS_FULL' : 'OBJECTS_UNAVAILABLE'
  return new MigrationError(code, { ...facts, setting: 'OBJECTS_DIR', reason: error.code }, error)
}

/** True for an error of the operating system: it has a code as `ENOENT`, and the call that failed. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && typeof (error as { code?: unknown }).code === 'string'
}
