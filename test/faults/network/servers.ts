import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:net'
import type { ConnectionOptions } from '@marc-migrations/store'
import { EMBEDDED_USERNAME, initDatabase } from '../../../apps/cli/src/embedded/init-database.ts'
import { postgresBinaries } from '../../../apps/cli/src/embedded/postgres-binaries.ts'
import { temporaryPlace } from '../../../apps/cli/src/embedded/postgres-place.ts'
import { unprivilegedUser } from '../../../apps/cli/src/embedded/unprivileged-user.ts'
import { JVM, kafkaClassPath } from '../../support/kafka.ts'
import { leash } from '../../support/leash.ts'
import type { Leashed } from '../../support/leash.ts'
import { versitygw } from '../../support/s3.ts'
import type { Host } from './network.ts'

/** A server on a host of the network. */
export interface Placed {
  stop(): Promise<void>
}

const START_LIMIT_MS = 180_000

/** PostgreSQL on a host, open to all of them. */
export async function postgresOn(host: Host): Promise<Placed & { readonly at: ConnectionOptions }> {
  const ids = unprivilegedUser()
  const place = temporaryPlace(ids)
  const data = join(place, 'data')
  const { postgres, initdb } = postgresBinaries(ids, place)
  const password = 'of-this-run'
  await initDatabase(initdb, data, password, { place, ids, removeAtEnd: place })
  appendFileSync(join(data, 'pg_hba.conf'), 'host all all all scram-sha-256\n')
  const settings = { listen_addresses: '*', unix_socket_directories: '', fsync: 'off', max_connections: '200' }
  const as = ids === undefined ? [] : ['setpriv', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups']
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = await run(host, [...as, postgres, '-D', data, '-p', '5432', ...flags], 5432, join(place, 'server.log'))
  return {
    at: { host: host.address, port: 5432, database: 'postgres', username: EMBEDDED_USERNAME, password },
    stop: async () => {
      await server.end('SIGQUIT')
      rmSync(place, { recursive: true, force: true })
    }
  }
}

export const s3Keys = { accessKeyId: 'NETWORK', secretAccessKey: 'NETWORK-SECRET' }
export const S3_REGION = 'us-west-2'

/** An object store on a host. */
export async function s3On(host: Host, dir: string): Promise<Placed> {
  const program = versitygw()
  if (program === undefined) throw new Error('needs versitygw: npm run test:servers builds it')
  const data = join(dir, 's3')
  mkdirSync(data)
  const words = [program, '--port', `${host.address}:7070`, '--region', S3_REGION, '--quiet', 'posix', data]
  const server = await run(host, words, 7070, join(dir, 's3.log'), {
    ROOT_ACCESS_KEY: s3Keys.accessKeyId,
    ROOT_SECRET_KEY: s3Keys.secretAccessKey
  })
  return { stop: () => server.end('SIGKILL') }
}

/** Three brokers, each on a host of its own and known by that host's name, each also a voter. */
export async function kafkaOn(hosts: readonly Host[], dir: string): Promise<Placed> {
  const jars = join(kafkaClassPath(), '*')
  const voters = hosts.map(({ address }, i) => `${i + 1}@${address}:9093`).join(',')
  const brokers = await Promise.all(
    hosts.map(async (host, i) => {
      const config = join(dir, `${host.name}.properties`)
      writeFileSync(config, brokerProperties(host, i + 1, voters, join(dir, host.name)))
      const format = ['-cp', jars, 'kafka.tools.StorageTool', 'format', '-t', 'bWFyYy1taWdyYXRpb25zMA', '-c', config]
      const formatted = spawnSync('java', [...JVM, ...format], { encoding: 'utf8' })
      if (formatted.status !== 0) throw new Error(formatted.stderr || formatted.stdout)
      return await run(host, ['java', ...JVM, '-cp', jars, 'kafka.Kafka', config], 9092, join(dir, `${host.name}.log`))
    })
  )
  return { stop: async () => void (await Promise.all(brokers.map((broker) => broker.end('SIGKILL')))) }
}

function brokerProperties({ name, address }: Host, id: number, voters: string, data: string): string {
  return [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${voters}`,
    `listeners=PLAINTEXT://${address}:9092,CONTROLLER://${address}:9093`,
    `advertised.listeners=PLAINTEXT://${name}:9092`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${data}`,
    'default.replication.factor=3',
    'min.insync.replicas=2',
    'offsets.topic.replication.factor=3',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=3',
    'transaction.state.log.min.isr=2',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    ''
  ].join('\n')
}

export const FOLIO_PORT = 9130

/** FOLIO's mapping metadata on a host. */
export async function folioOn(host: Host, dir: string): Promise<Placed> {
  const program = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'keep-folio.ts')]
  const server = await run(host, [...program, host.address, String(FOLIO_PORT)], FOLIO_PORT, join(dir, 'folio.log'))
  return { stop: () => server.end('SIGKILL') }
}

/**
 * nginx on a host, as `deploy/nginx.conf` sets it: only its port, its name server and its paths are those of this run.
 */
export async function nginxOn(host: Host, nameServer: string, dir: string): Promise<Placed> {
  const home = join(dir, 'nginx')
  mkdirSync(home)
  const deployed = readFileSync(join(import.meta.dirname, '../../../deploy/nginx.conf'), 'utf8')
  const config = join(home, 'nginx.conf')
  writeFileSync(
    config,
    `user root;\n${deployed.replaceAll('127.0.0.11', nameServer).replaceAll('/tmp/nginx', `${home}/nginx`).replace('/dev/stderr', `${home}/error.log`)}`
  )
  const words = ['nginx', '-c', config, '-p', home, '-g', 'daemon off; master_process off;']
  const server = await run(host, words, 8080, join(home, 'log'))
  return { stop: () => server.end('SIGTERM') }
}

/** On the host, and ready when something listens there. */
async function run(
  host: Host,
  command: readonly string[],
  port: number,
  log: string,
  env: NodeJS.ProcessEnv = {}
): Promise<Leashed> {
  const server = await leash([...host.through, ...command], { log, env })
  const until = performance.now() + START_LIMIT_MS
  while (!(await accepts(host.address, port))) {
    if (!server.isGone() && performance.now() < until) await sleep(100)
    else {
      await server.end('SIGKILL')
      throw new Error(`nothing listens on ${host.name}:${port}: ${readFileSync(log, 'utf8').slice(-2000)}`)
    }
  }
  return server
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
