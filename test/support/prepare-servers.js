// `npm run test:servers [kafka] [versitygw]`: fetches the servers the live suites use, once, into a cache outside the clone
// (MARC_MIGRATIONS_CACHE, else ~/.cache/marc-migrations). A second run costs nothing. Says on stderr what it does; stdout
// carries one line per server, its directory or its program, for the suites to read.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const KAFKA_VERSION = process.env.KAFKA_VERSION || '4.2.0'
const VERSITYGW_VERSION = '1.8.0'
const cache = process.env.MARC_MIGRATIONS_CACHE || join(homedir(), '.cache', 'marc-migrations')

const servers = {
  kafka: {
    place: join(cache, `kafka-${KAFKA_VERSION}`),
    tools: ['java', 'mvn'],
    cost: '43 MB from the Maven repository, about 10 s',
    make: fetchKafka
  },
  versitygw: {
    place: join(cache, `versitygw-${VERSITYGW_VERSION}`, 'versitygw'),
    tools: ['go'],
    cost: '84 MB built from Go modules, about 3 minutes',
    make: buildVersitygw
  }
}

/** The class path of Kafka: the broker and all it needs, copied beside each other. */
async function fetchKafka(directory) {
  writeFileSync(join(directory, 'pom.xml'), pom)
  await run(
    'mvn',
    ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${directory}`],
    {
      cwd: directory
    }
  )
  if (!readdirSync(directory).some((file) => file.startsWith('kafka_2.13'))) throw new Error('Maven left no broker behind')
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>marc-migrations</groupId>
  <artifactId>test-kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`

async function buildVersitygw(directory) {
  const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' }
  await run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW_VERSION}`], { cwd: directory, env })
}

/** Output of the tool goes to stderr: stdout is for the answer. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 2, 2] })
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code ?? signal}`))
    )
  })
}

const onPath = (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0

/** Built beside its place and moved there whole, so that a run that was broken off, or two at once, leave nothing half done. */
async function prepare(name) {
  const { place, tools, cost, make } = servers[name]
  if (existsSync(place)) return say(`${name}: ready in ${place}`)
  const missing = tools.filter((tool) => !onPath(tool))
  if (missing.length > 0) throw new Error(`needs ${missing.join(' and ')} on the PATH`)
  say(`${name}: fetching into ${place} (${cost}, this once)`)
  const home = name === 'kafka' ? place : join(place, '..')
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, `.${name}-`))
  try {
    await make(scratch)
    if (!existsSync(home)) renameSync(scratch, home)
  } catch (error) {
    if (!existsSync(place)) throw error
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  say(`${name}: ready in ${place}`)
}

const say = (line) => console.error(line)

const named = process.argv.slice(2)
const unknown = named.filter((name) => !(name in servers))
if (unknown.length > 0) {
  say(`unknown server: ${unknown.join(', ')}; there are ${Object.keys(servers).join(', ')}`)
  process.exit(2)
}
for (const name of named.length > 0 ? named : Object.keys(servers)) {
  try {
    await prepare(name)
    console.log(servers[name].place)
  } catch (error) {
    say(`${name}: left out, ${error.message}`)
    // Who asked for a server by name, or runs CI, must not go on without it.
    if (named.length > 0 || process.env.CI === 'true') process.exitCode = 1
  }
}
