import { MigrationError } from '@marc-migrations/domain'

/** What no attempt can ever cure ends the operation, and says why. */
export function stopReason(error: unknown): string {
  if (!(error instanceof MigrationError)) return 'INVARIANT_BROKEN'
  return stopReasons[error.code] ?? error.code
}

/** Words of the guarantees for codes whose name says less. */
const stopReasons: Readonly<Partial<Record<MigrationError['code'], string>>> = {
  OBJECT_NOT_FOUND: 'SOURCE_CHANGED',
  // Taken over in the middle of a stage: whoever started it has to ask again.
  CREDENTIALS_MISSING: 'interrupted'
}
