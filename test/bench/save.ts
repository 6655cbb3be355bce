import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { startKafka } from '../support/kafka.ts'
import { aDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { startProcess } from '../system/processes.ts'
import { peakRssMb, report } from './box.ts'
import { environment, send, untilCompleted } from './cluster.ts'
import type { Servers } from './cluster.ts'

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 100_000)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2)
const CHUNK = 500
const CALL_MS = 5
const WORKERS = 2

/**
 * Saving through a storage module that does one bulk call after the other, 5 ms each, and no more: the rate reached against
 * the rate at which the same module answers somebody who does nothing else.
 */
export async function run(): Promise<void> {
  const [db, kafka, s3, storage] = await Promise.all([aDatabase('empty'), startKafka(), startS3(), startStorage()])
  try {
    await createSourceTables(db, 'bench')
    await fillAuthorities(db, 'bench', RECORDS)
    const ratios: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const limit = await storageLimit(storage.url)
      const { rate, wholeRate, peakMb } = await save({ db, brokers: kafka.brokers, s3 }, storage.url)
      ratios.push(rate / limit)
      report('save-throughput', 'records/s', rate, { limit: Math.round(limit), ratio: rate / limit, n: RECORDS })
      report('save-phase', 'records/s', wholeRate, { ratio: wholeRate / limit, n: RECORDS })
      report('saving-rss', 'MB', peakMb, { n: RECORDS })
    }
    report('save-throughput-ratio', 'of the limit', ratios.sort((a, b) => a - b)[Math.floor((ROUNDS - 1) / 2)] ?? 0, {
      rounds: ROUNDS
    })
  } finally {
    storage.server.closeAllConnections()
    storage.server.close()
    await Promise.all([db.close(), kafka.stop(), s3.stop()])
  }
}

/** `rate`: from the PUT to the last count. `wholeRate`: until the status says so, up to a check interval later. */
async function save(
  servers: Servers,
  storageUrl: string
): Promise<{ readonly rate: number; readonly wholeRate: number; readonly peakMb: number }> {
  const env = environment(servers)
  const coordinator = await startProcess('coordinator', env)
  await coordinator.ready()
  const workers = await Promise.all(Array.from({ length: WORKERS }, () => startProcess('worker', env)))
  await Promise.all(workers.map((worker) => worker.ready()))
  await send('POST', `${coordinator.url}/_/tenant`, { module_to: 'mod-marc-migrations-1.0.0' })
  const asked = { entityType: 'authority', operationType: 'remapping' }
  const { id } = (await send('POST', `${coordinator.url}/marc-migrations`, asked)) as { id: string }
  await untilCompleted(coordinator.url, id, 'data_mapping')
  const path = `${coordinator.url}/marc-migrations/${id}`
  const began = Date.now()
  await send('PUT', path, { status: 'data_saving' }, { 'x-okapi-url': storageUrl, 'x-okapi-token': 'bench' })
  await untilCompleted(coordinator.url, id, 'data_saving')
  const wholeSeconds = (Date.now() - began) / 1000
  const counts = workers.flatMap(({ log }) => log.filter(({ msg, saved }) => msg === 'chunk.counted' && saved !== undefined))
  const seconds = (Math.max(...counts.map(({ time }) => Date.parse(String(time)))) - began) / 1000
  const peakMb = Math.max(...workers.map(({ pid }) => peakRssMb(pid)))
  for (const process of [coordinator, ...workers]) process.kill('SIGTERM')
  await Promise.all([coordinator, ...workers].map((process) => process.ended()))
  return { rate: RECORDS / seconds, wholeRate: RECORDS / wholeSeconds, peakMb }
}

/** Records a second when it is asked by eight at once who do nothing else. */
async function storageLimit(url: string): Promise<number> {
  const calls = 400
  const began = Date.now()
  let left = calls
  const asker = async (): Promise<void> => {
    while (left-- > 0) await (await fetch(url, { method: 'POST', body: '{}' })).text()
  }
  await Promise.all(Array.from({ length: 8 }, asker))
  return (calls * CHUNK * 1000) / (Date.now() - began)
}

async function startStorage(): Promise<{ readonly server: Server; readonly url: string }> {
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((request, answer) => {
    request.resume().on('end', () => {
      last = last.then(() => delay(CALL_MS)).then(() => answer.writeHead(201).end('{"errorsNumber":0}'))
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
