import type { UserIds } from './unprivileged-user.ts'

export interface PostgresOptions {
  /** From `temporaryPlace` or `lastingPlace`; data, log and, if need be, a copy of the server stand below it. */
  readonly place: string
  /** The account to run under; undefined = our own. */
  readonly ids: UserIds | undefined
  /** Removed once the server has ended, also when we were killed. */
  readonly removeAtEnd: string | undefined
}
