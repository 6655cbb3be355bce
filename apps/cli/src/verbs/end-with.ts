import type { ExitCode } from '../exit-codes.ts'

/** How a verb says what the process ends with. */
export type EndWith = (exitCode: ExitCode) => void
