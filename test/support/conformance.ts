import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Where the conformance data stands: CONFORMANCE_DIR, else `../shared` beside the clone where that exists.
 *
 * @returns undefined when there is none; suites that need it then skip by name
 * @throws when CONFORMANCE_DIR is set but names no directory: a run that meant to use the data must not pass without it
 */
export function conformanceDir(): string | undefined {
  const named = process.env['CONFORMANCE_DIR']
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CONFORMANCE_DIR names ${named}, which does not exist`)
    return resolve(named)
  }
  const beside = join(import.meta.dirname, '..', '..', '..', 'shared')
  return existsSync(join(beside, 'conformance')) ? beside : undefined
}
