import { createServer, request } from 'node:http'
import { availableParallelism } from 'node:os'
import { startKafka } from '../support/kafka.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { freePort, startProcess } from '../system/processes.ts'
import { cpuOf, peakRssMb, pidsOf, report } from './box.ts'
import { environment, send, untilCompleted } from './cluster.ts'
import type { Servers } from './cluster.ts'

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 100_000)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2)

interface Run {
  readonly seconds: number
  /** CPU microseconds per record. */
  readonly cpu: Readonly<Record<'worker' | 'coordinator' | 'postgres' | 's3' | 'kafka', number>>
  readonly peakRssMb: number
  /** Transactions per chunk, polls and visits included. */
  readonly transactionsPerChunk: number
}

/**
 * One job of stored records through Kafka, S3 and PostgreSQL on this machine: throughput with one and two workers, where the CPU
 * goes, memory, and transactions per chunk. Sizes: BENCH_RECORDS, BENCH_ROUNDS.
 */
export async function run(): Promise<void> {
  const [db, kafka, s3] = await Promise.all([aDatabase('empty'), startKafka(), startS3()])
  try {
    await createSourceTables(db, 'bench')
    await fillAuthorities(db, 'bench', RECORDS)
    const servers = { db, brokers: kafka.brokers, s3 }
    const rounds: { one: Run; two: Run; oneByOne: Run; twoByOne: Run }[] = []
    for (let i = 0; i < ROUNDS; i++) {
      rounds.push({
        oneByOne: await migrate(servers, 1, 1),
        twoByOne: await migrate(servers, 2, 1),
        one: await migrate(servers, 1, 2),
        two: await migrate(servers, 2, 2)
      })
    }
    reportAll(rounds)
    report('commit-budget-s3', 'requests per chunk', await s3RequestsPerChunk(servers), { chunks: RECORDS / 500 })
  } finally {
    await Promise.all([db.close(), kafka.stop(), s3.stop()])
  }
}

function reportAll(rounds: readonly { one: Run; two: Run; oneByOne: Run; twoByOne: Run }[]): void {
  const median = (pick: (round: (typeof rounds)[number]) => number): number => {
    const sorted = rounds.map(pick).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
  const common = { n: RECORDS, rounds: rounds.length }
  const boxLimit = median(
    ({ two }) => (availableParallelism() * 1e6) / Object.values(two.cpu).reduce((sum, each) => sum + each, 0)
  )
  for (const [workers, pick] of [
    [1, 'one'],
    [2, 'two']
  ] as const) {
    const rate = median((round) => RECORDS / round[pick].seconds)
    report('e2e-throughput', 'records/s', rate, {
      workers,
      ratio: Number((rate / boxLimit).toFixed(2)),
      of: 'whole-box limit',
      ...common
    })
  }
  for (const role of ['worker', 'coordinator', 'postgres', 's3', 'kafka'] as const) {
    report(
      `e2e-cpu-${role}`,
      'µs/record',
      median(({ one }) => one.cpu[role]),
      common
    )
  }
  report(
    'scale-efficiency-shared',
    'speed-up',
    median(({ oneByOne, twoByOne }) => oneByOne.seconds / twoByOne.seconds),
    { inFlight: 1, ...common }
  )
  report(
    'scale-efficiency-shared',
    'speed-up',
    median(({ one, two }) => one.seconds / two.seconds),
    { inFlight: 2, ...common }
  )
  report(
    'worker-rss',
    'MB',
    median(({ one }) => one.peakRssMb),
    { inFlight: 2, ...common }
  )
  report(
    'commit-budget',
    'transactions per chunk',
    median(({ one }) => one.transactionsPerChunk),
    common
  )
}

/** Starts coordinator and workers, migrates all records once, and ends them. */
async function migrate(servers: Servers, workers: number, inFlight: number, s3Url = servers.s3.url): Promise<Run> {
  const { db } = servers
  const env = { ...environment(servers, s3Url), CHUNK_PROCESSING_MAX_PARALLELISM: String(inFlight) }
  const coordinator = await startProcess('coordinator', env)
  await coordinator.ready()
  await send('POST', `${coordinator.url}/_/tenant`, { module_to: 'mod-marc-migrations-1.0.0' })
  const running = await Promise.all(Array.from({ length: workers }, () => startProcess('worker', env)))
  await Promise.all(running.map((worker) => worker.ready()))
  const roots = {
    worker: running.map(({ pid }) => pid),
    coordinator: [coordinator.pid],
    postgres: pidsOf(`-p ${db.port}`)
      .concat(pidsOf(`"-p","${db.port}"`))
      .slice(0, 1),
    s3: pidsOf('versitygw'),
    kafka: pidsOf('kafka.Kafka')
  }
  const [cpuBefore, commitsBefore] = [cpuOf(roots), await commits(db)]
  const { id } = (await send('POST', `${coordinator.url}/marc-migrations`, {
    entityType: 'authority',
    operationType: 'remapping'
  })) as { id: string }
  const seconds = await untilCompleted(coordinator.url, id, 'data_mapping')
  const [cpuAfter, commitsAfter] = [cpuOf(roots), await commits(db)]
  const peak = Math.max(...running.map(({ pid }) => peakRssMb(pid)))
  for (const process of [coordinator, ...running]) process.kill('SIGTERM')
  await Promise.all([coordinator, ...running].map((process) => process.ended()))
  const perRecord = (role: keyof typeof roots): number => ((cpuAfter[role] - cpuBefore[role]) * 1e6) / RECORDS
  return {
    seconds,
    cpu: {
      worker: perRecord('worker'),
      coordinator: perRecord('coordinator'),
      postgres: perRecord('postgres'),
      s3: perRecord('s3'),
      kafka: perRecord('kafka')
    },
    peakRssMb: peak,
    transactionsPerChunk: (commitsAfter - commitsBefore) / (RECORDS / 500)
  }
}

async function commits(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ n: string }>(
    'select xact_commit as n from pg_stat_database where datname = current_database()'
  )
  return Number(row?.n)
}

/** The same job once more, through a proxy that counts what the workers ask of S3. */
async function s3RequestsPerChunk(servers: Servers): Promise<number> {
  const target = new URL(servers.s3.url)
  let requests = 0
  const proxy = createServer((incoming, outgoing) => {
    if (incoming.method === 'PUT' || incoming.method === 'GET') requests++
    const { method, url: path, headers: sent } = incoming
    const forwarded = request({ host: target.hostname, port: target.port, method, path, headers: sent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(forwarded)
  })
  const port = await freePort()
  proxy.listen(port, '127.0.0.1')
  try {
    await migrate(servers, 1, 2, `http://127.0.0.1:${port}`)
  } finally {
    proxy.closeAllConnections()
    proxy.close()
  }
  return requests / (RECORDS / 500)
}
