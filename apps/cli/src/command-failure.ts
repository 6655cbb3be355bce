import { MigrationError } from '@marc-migrations/domain'
import { exitCodes, type ExitCode } from './exit-codes.ts'

/** What ends a command: a message for the person at the terminal, with what to do, and the exit code. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CommandFailure'
    this.exitCode = exitCode
  }
}

/** Any error as the person at the terminal should see it; only the unexpected ones come with their stack. */
export async function asCommandFailure(error: unknown): Promise<CommandFailure> {
  if (error instanceof CommandFailure) return error
  // Only now: a command that succeeds need not wait until all of it is loaded.
  const { describeConfigFaults, redactText } = await import('@marc-migrations/runtime')
  const faults = describeConfigFaults(error)
  if (faults !== undefined) return new CommandFailure(exitCodes.usage, faults, error)
  if (error instanceof MigrationError) return new CommandFailure(codeOf(error), redactText(messageOf(error)), error)
  if (isPortTaken(error)) {
    const message = `Another process listens on ${error.address}:${error.port} already. Look at HOST, PORT, ADMIN_HOST, ADMIN_PORT.`
    return new CommandFailure(exitCodes.usage, message, error)
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new CommandFailure(exitCodes.unexpected, redactText(text), error)
}

function isPortTaken(error: unknown): error is Error & { readonly address: string; readonly port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error
}

function codeOf(error: MigrationError): ExitCode {
  if (error.kind === 'outage') return exitCodes.unreachable
  return error.kind === 'final' && error.http < 500 ? exitCodes.usage : exitCodes.unexpected
}

function messageOf(error: MigrationError): string {
  const { host, port, setting, reason, dir } = error.facts
  const look = setting === undefined ? '' : ` Look at ${String(setting)}.`
  const why = reason === undefined ? '' : ` (${String(reason)})`
  switch (error.code) {
    case 'STORE_UNAVAILABLE':
      return `PostgreSQL at ${String(host)}:${String(port)} cannot be used${why}.${look}`
    case 'TENANT_PURGED':
      return `Tenant ${String(error.facts['tenant'])} was purged while it was being enabled. Try again.`
    case 'OBJECTS_UNAVAILABLE':
    case 'OBJECTS_FULL':
      return `The object store${dir === undefined ? '' : ` in ${String(dir)}`} cannot be used${why}.${look}`
    default:
      return error.message
  }
}
