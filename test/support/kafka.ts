import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { leash, listening, type Leashed } from './leash.ts'

export interface KafkaServer {
  /** `host:port` */
  readonly brokers: readonly string[]
  /** Ends it and removes its data; nothing to do for a broker that was here before. */
  stop(): Promise<void>
}

/** A broker started for this test alone, that may be maltreated. */
export interface OwnKafka extends KafkaServer {
  /** kill -9 */
  kill(): Promise<void>
  /** Starts it again over the same data and ports. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay, answers do not come. */
  freeze(): void
  thaw(): void
}

/** Why no broker can be had here; undefined when one can. Fetches it where Java and Maven are on the PATH. */
export function kafkaMissing(): string | undefined {
  if (namedBrokers() !== undefined) return undefined
  return ownKafkaMissing()
}

/** As `kafkaMissing`, for a suite that needs a broker of its own whatever KAFKA_BROKERS says. */
export function ownKafkaMissing(): string | undefined {
  try {
    kafkaClassPath()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The broker KAFKA_BROKERS names, else one of our own on free ports of the loopback, ready when this resolves. */
export async function startKafka(): Promise<KafkaServer> {
  const named = namedBrokers()
  return named === undefined ? startOwnKafka() : { brokers: named, stop: () => Promise.resolve() }
}

/** @param advertisedPort the port clients are told, where they shall come through a proxy */
export async function startOwnKafka({ advertisedPort }: { advertisedPort?: number } = {}): Promise<OwnKafka> {
  const home = mkdtempSync(join(tmpdir(), 'marc-migrations-kafka-'))
  const port = await freePort()
  const config = join(home, 'server.properties')
  writeFileSync(config, properties(home, port, await freePort(), advertisedPort ?? port))
  java(['kafka.tools.StorageTool', 'format', '-t', 'bWFyYy1taWdyYXRpb25zMA', '-c', config])
  let broker = await run(config, port, home)

  return {
    brokers: [`127.0.0.1:${port}`],
    kill: () => broker.end('SIGKILL'),
    restart: async () => {
      broker = await run(config, port, home)
    },
    freeze: () => broker.signal('SIGSTOP'),
    thaw: () => broker.signal('SIGCONT'),
    stop: async () => {
      await broker.end('SIGKILL')
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    }
  }
}

function namedBrokers(): string[] | undefined {
  const named = process.env['KAFKA_BROKERS']
  return named === undefined || named === '' ? undefined : named.split(',').map((broker) => broker.trim())
}

let jarDirectory: string | undefined

/** The directory of the jars, in the cache; fetched into it at the first call on a machine. */
export function kafkaClassPath(): string {
  if (jarDirectory !== undefined) return jarDirectory
  const prepared = spawnSync(process.execPath, [join(import.meta.dirname, 'prepare-servers.js'), 'kafka'], {
    encoding: 'utf8'
  })
  const place = prepared.stdout.trim()
  if (prepared.status !== 0 || !existsSync(place)) throw new Error(prepared.stderr.trim().split('\n').at(-1) ?? 'no Kafka')
  if (spawnSync('java', ['-version']).status !== 0) throw new Error('kafka: needs java on the PATH')
  jarDirectory = place
  return place
}

/** Small and quick to start: a broker of tests has little to do. */
export const JVM = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=warn']

function java(args: string[]): void {
  const run = spawnSync('java', [...JVM, '-cp', join(kafkaClassPath(), '*'), ...args], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${args[0]} failed: ${run.stderr || run.stdout}`)
}

function properties(home: string, port: number, controllerPort: number, advertisedPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${advertisedPort}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(home, 'data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    // A broker that was killed may come back under its id only when the controller has forgotten it.
    'broker.session.timeout.ms=2000',
    'broker.heartbeat.interval.ms=500',
    'auto.create.topics.enable=false',
    ''
  ].join('\n')
}

async function run(config: string, port: number, home: string): Promise<Leashed> {
  const log = join(home, 'server.log')
  const broker = await leash(['java', ...JVM, '-cp', join(kafkaClassPath(), '*'), 'kafka.Kafka', config], { log })
  await listening(port, broker).catch(async (error: unknown) => {
    await broker.end('SIGKILL')
    throw new Error(`Kafka did not start: ${readFileSync(log, 'utf8').slice(-2000)}`, { cause: error })
  })
  return broker
}
