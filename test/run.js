// `npm test`: runs the suites and ends with two lines a script can read:
//   skipped: <suite>: <reason>; …   (or `skipped: none`)
//   N passed, N failed
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'marc-migrations-test-'))
const resultFile = join(scratch, 'results.json')
const skipsFile = join(scratch, 'skips.txt')

const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project=!faults*',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultFile}`,
    ...process.argv.slice(2)
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SKIPS_FILE: skipsFile } }
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal))

vitest.on('exit', (code) => {
  const results = existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, 'utf8')) : undefined
  const skips = existsSync(skipsFile) ? [...new Set(readFileSync(skipsFile, 'utf8').split('\n').filter(Boolean))] : []
  rmSync(scratch, { recursive: true, force: true })
  const passed = results?.numPassedTests ?? 0
  // A suite that could not even be loaded, or an error outside of any test, is a failure that no test counts.
  const broken = (results?.testResults ?? []).filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0
  )
  const counted = (results?.numFailedTests ?? 0) + broken.length
  const failed = counted === 0 && code !== 0 ? 1 : counted
  console.log(`skipped: ${skips.length === 0 ? 'none' : skips.join('; ')}`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
})
