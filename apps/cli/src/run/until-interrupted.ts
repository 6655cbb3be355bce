import { CommandFailure } from '../command-failure.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'

const SIGNALS: readonly (readonly [NodeJS.Signals, ExitCode])[] = [
  ['SIGINT', exitCodes.interrupted],
  ['SIGTERM', exitCodes.terminated],
  ['SIGHUP', exitCodes.terminated]
]

/**
 * Runs work that a signal ends: the first one rejects at once, so that the caller can take down what it started; a second one
 * ends the process, and what is left ends with it.
 *
 * @throws {CommandFailure} with the signal's exit code
 */
export async function untilInterrupted<T>(say: (line: string) => void, work: () => Promise<T>): Promise<T> {
  let interrupt: (code: ExitCode) => void = () => {}
  const interrupted = new Promise<never>((_, reject) => {
    let signals = 0
    interrupt = (code) => {
      if (signals++ > 0) process.exit(code)
      say('stopping; once more to stop at once')
      reject(new CommandFailure(code, 'Stopped before the end; nothing of it is left running.'))
    }
  })
  for (const [signal, code] of SIGNALS) process.on(signal, () => interrupt(code))
  return Promise.race([work(), interrupted])
}
