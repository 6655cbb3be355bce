import { appendFileSync } from 'node:fs'

/**
 * Says that a suite is left out, and why; `npm test` prints it in its last lines.
 *
 * @returns true, for `describe.skipIf`
 * @throws when CI=true and a server is what is missing: there, nothing may pass by being left out
 */
export function skipSuite(suite: string, reason: string, missing: 'server' | 'data'): true {
  if (missing === 'server' && process.env['CI'] === 'true') throw new Error(`${suite} cannot be left out in CI: ${reason}`)
  const file = process.env['SKIPS_FILE']
  if (file !== undefined) appendFileSync(file, `${suite}: ${reason}\n`)
  return true
}
