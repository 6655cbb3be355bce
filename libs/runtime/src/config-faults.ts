import { MigrationError } from '@marc-migrations/domain'

/** One thing wrong with the configuration. */
export interface ConfigFault {
  readonly name: string
  /** What is wrong and what to do, as one or two sentences; never a secret value. */
  readonly problem: string
}

/** All faults of a configuration in one error; its facts are the problems by the setting's name. */
export function configError(faults: readonly ConfigFault[]): MigrationError {
  const facts: Record<string, string> = {}
  for (const { name, problem } of faults) facts[name] = facts[name] === undefined ? problem : `${facts[name]} ${problem}`
  return new MigrationError('CONFIG_INVALID', facts)
}

/** The faults of `configError` for a person to read, one setting a line; undefined for any other error. */
export function describeConfigFaults(error: unknown): string | undefined {
  if (!(error instanceof MigrationError) || error.code !== 'CONFIG_INVALID') return undefined
  const faults = Object.entries(error.facts)
  const width = Math.max(...faults.map(([name]) => name.length))
  const lines = faults.map(([name, problem]) => `  ${name.padEnd(width)}  ${String(problem)}`)
  return [`The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`, ...lines].join('\n')
}
