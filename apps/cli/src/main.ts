import { Command, CommanderError } from 'commander'
import { asCommandFailure } from './command-failure.ts'
import { exitCodes } from './exit-codes.ts'
import { addConvert } from './verbs/convert.ts'
import { addCoordinator } from './verbs/coordinator.ts'
import { addDemo } from './verbs/demo.ts'
import { addMap } from './verbs/map.ts'
import { addMigrateDb } from './verbs/migrate-db.ts'
import { addRun } from './verbs/run.ts'
import { addServe } from './verbs/serve.ts'
import type { EndWith } from './verbs/end-with.ts'
import { addValidate } from './verbs/validate.ts'
import { addVerify } from './verbs/verify.ts'
import { addWorker } from './verbs/worker.ts'
import { version } from './version.ts'

const EXIT_CODES = `
Exit codes: 0 all records done, 1 unexpected error, 2 bad usage or configuration, 3 finished with rejected records,
4 stopped, 5 cancelled, 6 something needed cannot be reached, 130 and 143 ended by a signal.`

/**
 * Runs one command line.
 *
 * @param argv as `process.argv`
 * @returns the exit code; for a node that serves, never: its shutdown ends the process
 */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyWithReader()
  let exitCode: number = exitCodes.done
  try {
    await program((code) => (exitCode = code)).parseAsync([...argv])
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    const failure = await asCommandFailure(error)
    process.stderr.write(`${failure.message}\n`)
    return failure.exitCode
  }
}

function program(end: EndWith): Command {
  const command = new Command('marc-migrations')
    .description('MARC migrations that scale horizontally: split into chunks, remapped by any number of workers.')
    .version(version)
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
  addServe(command)
  addCoordinator(command)
  addWorker(command)
  addMigrateDb(command)
  addDemo(command, end)
  addRun(command, end)
  addVerify(command, end)
  addMap(command, end)
  addConvert(command, end)
  addValidate(command, end)
  return command
}

/** `marc-migrations … | head` is no error. */
function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.unexpected)
  })
}
