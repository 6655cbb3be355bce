import { setTimeout as sleep } from 'node:timers/promises'
import { chunkTopic } from '@marc-migrations/broker'
import type { SeededRandom } from '../../../apps/cli/src/demo-file/seeded-random.ts'
import { asAdmin } from '../hints.ts'
import type { Site } from '../site.ts'
import type { Crew } from './crew.ts'

/** Something bad that begins, and is over when its promise is; two of one target are not at once. */
export interface Harm {
  readonly name: string
  readonly to: 'coordinators' | 'workers' | 'PostgreSQL' | 'Kafka' | 'S3'
  readonly harm: () => Promise<unknown>
}

/** Longer than a lease of the fast profile. */
const LONGER_THAN_A_LEASE_MS = 4_500
const ALL_BUT_OURS = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`

/** F1 to F19, as far as they can come at any moment. */
export function harmsOf(site: Site, crew: Crew, chance: SeededRandom): readonly Harm[] {
  const { postgres, kafka, s3 } = site.lines
  const aWhile = (): Promise<void> => sleep(chance.between(1_000, 6_000))
  const away = async (line: { shut(): Promise<void>; open(): Promise<void> }): Promise<void> => {
    await line.shut()
    await aWhile()
    await line.open()
  }
  const silent = async (line: { blackHole(): void; open(): Promise<void> }): Promise<void> => {
    line.blackHole()
    await aWhile()
    await line.open()
  }
  const stopped = async (verb: 'coordinator' | 'worker'): Promise<void> => {
    const member = crew.any(verb)
    if (member === undefined) return
    crew.signal(member, 'SIGSTOP')
    await sleep(LONGER_THAN_A_LEASE_MS)
    crew.signal(member, 'SIGCONT')
  }
  const ended = async (verb: 'coordinator' | 'worker', signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const member = crew.any(verb)
    if (member === undefined) return
    crew.signal(member, signal)
    await member.ended()
  }

  return [
    { name: 'a worker killed', to: 'workers', harm: () => ended('worker', 'SIGKILL') },
    { name: 'a worker stopped for longer than a lease', to: 'workers', harm: () => stopped('worker') },
    { name: 'a worker told to end', to: 'workers', harm: () => ended('worker', 'SIGTERM') },
    { name: 'a coordinator killed', to: 'coordinators', harm: () => ended('coordinator', 'SIGKILL') },
    { name: 'a coordinator stopped for longer than a lease', to: 'coordinators', harm: () => stopped('coordinator') },
    { name: 'a coordinator told to end', to: 'coordinators', harm: () => ended('coordinator', 'SIGTERM') },
    {
      name: 'PostgreSQL restarted without a good-bye',
      to: 'PostgreSQL',
      harm: async () => {
        await site.ownPostgres().restartImmediately()
        postgres.to(site.ownPostgres().at().port)
      }
    },
    { name: 'all connections to PostgreSQL ended', to: 'PostgreSQL', harm: () => site.query(ALL_BUT_OURS) },
    { name: 'PostgreSQL away', to: 'PostgreSQL', harm: () => away(postgres) },
    { name: 'PostgreSQL silent', to: 'PostgreSQL', harm: () => silent(postgres) },
    {
      name: 'the broker killed',
      to: 'Kafka',
      harm: async () => {
        await site.kafka.kill()
        await aWhile()
        await site.kafka.restart()
      }
    },
    {
      name: 'the broker frozen',
      to: 'Kafka',
      harm: async () => {
        site.kafka.freeze()
        await aWhile()
        site.kafka.thaw()
      }
    },
    { name: 'lines to the broker forgotten', to: 'Kafka', harm: () => Promise.resolve(kafka.swallow()) },
    {
      name: 'the topic deleted',
      to: 'Kafka',
      // The broker may have come back a moment ago, and the topic not yet.
      harm: () => asAdmin(site, (admin) => admin.deleteTopics({ topics: [chunkTopic(site.bucket)] })).catch(() => undefined)
    },
    { name: 'S3 away', to: 'S3', harm: () => away(s3) },
    { name: 'S3 silent', to: 'S3', harm: () => silent(s3) },
    {
      name: 'uploads cut in the middle',
      to: 'S3',
      harm: async () => {
        s3.cut(8, 1_000)
        await aWhile()
        s3.cut(0, 0)
      }
    },
    {
      name: 'S3 taking in 20 KiB a second',
      to: 'S3',
      harm: async () => {
        s3.slow(20 * 1024)
        await aWhile()
        s3.slow(undefined)
      }
    }
  ]
}

/**
 * Lets them come one upon the other until the time is over or it is told to end, each once before any comes again, and resolves when
 * the last is over.
 *
 * @returns names of those that came, in order
 */
export async function storm(
  harms: readonly Harm[],
  chance: SeededRandom,
  { lastsMs, goesOn }: { readonly lastsMs: number; readonly goesOn: () => boolean }
): Promise<readonly string[]> {
  const going = new Map<Harm['to'], Promise<unknown>>()
  const came: string[] = []
  let cards: Harm[] = []
  const until = performance.now() + lastsMs
  while (goesOn() && performance.now() < until) {
    await sleep(chance.between(200, 2_000))
    if (cards.length === 0) cards = shuffled(harms, chance)
    const next = cards.findIndex(({ to }) => !going.has(to))
    const [harm] = next === -1 ? [] : cards.splice(next, 1)
    if (harm === undefined) continue
    came.push(harm.name)
    going.set(
      harm.to,
      harm.harm().finally(() => going.delete(harm.to))
    )
  }
  await Promise.all(going.values())
  return came
}

function shuffled<T>(all: readonly T[], chance: SeededRandom): T[] {
  const left = [...all]
  const order: T[] = []
  while (left.length > 0) order.push(...left.splice(chance.between(0, left.length - 1), 1))
  return order
}
