import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { ownKafkaMissing } from '../../support/kafka.ts'
import { s3Kind } from '../../support/s3.ts'
import { skipSuite } from '../../support/skips.ts'
import type { Job } from '../../system/jobs.ts'
import { nginxMissing } from '../../system/nginx.ts'
import { fastProfile } from '../../system/processes.ts'
import { measured } from '../measured.ts'
import { startCluster, TENANT } from './cluster.ts'
import type { Cluster, Node } from './cluster.ts'
import { networkMissing } from './network.ts'
import { overAnOutage } from './outage.ts'
import { countedAt } from './watch.ts'

const noS3 = s3Kind() === 'versitygw' ? undefined : 'needs versitygw: npm run test:servers builds it'
const missing = networkMissing() ?? nginxMissing() ?? noS3 ?? ownKafkaMissing()
// Namespaces are root's; who is not root is not asked for them, in CI neither.
const kind = process.getuid?.() === 0 ? 'server' : 'data'
/** Leases count, not minutes; STORES_AWAY_MS=600000 makes it ten real ones. */
const STORES_AWAY_MS = Number(process.env['STORES_AWAY_MS'] ?? 21 * Number(fastProfile['LEASE_MS']))

let cluster: Cluster
const left = missing !== undefined && skipSuite('unplugged hosts', missing, kind)

describe.skipIf(left)('one host of the cluster is unplugged, and nobody is told', () => {
  beforeAll(async () => {
    cluster = await startCluster()
  }, 300_000)
  afterAll(async () => {
    await cluster?.close()
  }, 60_000)

  measured('a worker: the other keeps its rate, and it works again when it is back', async (saw) => {
    const [gone, other] = cluster.workers
    await overAnOutage(
      cluster,
      {
        cut: () => gone.host.unplug(),
        mend: () => gone.host.plug(),
        survivors: [other],
        answers: [200],
        isBack: (_job, since) => counts(gone, since)
      },
      saw
    )
  })

  measured('a coordinator: workers keep their rate, questions go to the other one', async (saw) => {
    const [gone] = cluster.coordinators
    await overAnOutage(
      cluster,
      {
        cut: () => gone.host.unplug(),
        mend: () => gone.host.plug(),
        survivors: cluster.workers,
        answers: [200],
        isBack: (job) => answers(gone, job)
      },
      saw
    )
  })

  measured(
    'a coordinator in the middle of a transaction: the lock it holds is not held against the workers',
    async (saw) => {
      const [gone] = cluster.coordinators
      await overAnOutage(
        cluster,
        {
          cut: () => unplugInTransaction(gone),
          mend: () => gone.host.plug(),
          survivors: cluster.workers,
          answers: [200],
          isBack: (job) => answers(gone, job)
        },
        saw
      )
    }
  )

  measured('the way from the balancer to one coordinator: it goes on publishing, questions go to the other', async (saw) => {
    const [gone] = cluster.coordinators
    await overAnOutage(
      cluster,
      {
        cut: () => cluster.host('balancer').lose(gone.host),
        mend: () => cluster.host('balancer').find(gone.host),
        survivors: cluster.workers,
        answers: [200],
        isBack: (job) => answers(gone, job)
      },
      saw
    )
  })

  measured('one broker of three: hints go on over the others, or work over the table', async (saw) => {
    await overAnOutage(
      cluster,
      {
        cut: () => cluster.host('kafka1').unplug(),
        mend: () => cluster.host('kafka1').plug(),
        survivors: cluster.workers,
        answers: [200],
        isBack: async () => (await Promise.all(cluster.coordinators.map(isWhole))).every(Boolean)
      },
      saw
    )
  })

  measured('PostgreSQL: questions are answered with 503 at once, and no attempt is used up', async (saw) => {
    await overAnOutage(
      cluster,
      {
        cut: () => cluster.host('postgres').unplug(),
        mend: () => cluster.host('postgres').plug(),
        survivors: [],
        answers: [503],
        isBack: async (job, since) =>
          (
            await Promise.all([
              ...cluster.workers.map((each) => counts(each, since)),
              ...cluster.coordinators.map((each) => answers(each, job))
            ])
          ).every(Boolean)
      },
      saw
    )
    expect(await attemptsUsed()).toBe(0)
  })

  measured('the object store: questions are answered as ever, and no attempt is used up', async (saw) => {
    await overAnOutage(
      cluster,
      {
        cut: () => cluster.host('s3').unplug(),
        mend: () => cluster.host('s3').plug(),
        survivors: [],
        answers: [200],
        isBack: async (_job, since) => (await Promise.all(cluster.workers.map((each) => counts(each, since)))).every(Boolean)
      },
      saw
    )
    expect(await attemptsUsed()).toBe(0)
  })

  measured('F37 all stores for twenty leases: it costs time, no record and no attempt', async (saw) => {
    const stores = (['postgres', 's3', 'kafka1', 'kafka2', 'kafka3'] as const).map((name) => cluster.host(name))
    await overAnOutage(
      cluster,
      {
        cut: () => stores.forEach((store) => store.unplug()),
        mend: () => stores.forEach((store) => store.plug()),
        lastsMs: STORES_AWAY_MS,
        survivors: [],
        answers: [503],
        isBack: async (job, since) =>
          (
            await Promise.all([
              ...cluster.workers.map((each) => counts(each, since)),
              ...cluster.coordinators.map((each) => answers(each, job))
            ])
          ).every(Boolean)
      },
      saw
    )
    expect(await attemptsUsed()).toBe(0)
  })

  measured('the source of the rules: jobs that have theirs go on, a new one waits for it and loses nothing', async (saw) => {
    let late: Job | undefined
    await overAnOutage(
      cluster,
      {
        cut: () => cluster.host('folio').unplug(),
        mend: () => cluster.host('folio').plug(),
        survivors: cluster.workers,
        answers: [200],
        meanwhile: async () => {
          late = await cluster.start()
        },
        isBack: async () => (await statusOf(late)) === 'data_mapping' && (await frozenRules(late)) !== null
      },
      saw
    )
    if (late === undefined) throw new Error('the second job was not started')
    await cluster.finish(late)
  })

  measured('the names, for a worker: the other keeps its rate, and it works again when it can ask', async (saw) => {
    const [gone, other] = cluster.workers
    await overAnOutage(
      cluster,
      {
        cut: () => cluster.names.fail(gone.host.address, 'unknown'),
        mend: () => cluster.names.mend(gone.host.address),
        survivors: [other],
        answers: [200],
        isBack: (_job, since) => counts(gone, since)
      },
      saw
    )
  })

  measured(
    'the name server, which a coordinator asks in vain: workers keep their rate, questions are answered',
    async (saw) => {
      const [, gone] = cluster.coordinators
      await overAnOutage(
        cluster,
        {
          cut: () => cluster.names.fail(gone.host.address, 'silent'),
          mend: () => cluster.names.mend(gone.host.address),
          survivors: cluster.workers,
          answers: [200],
          isBack: (job) => answers(gone, job)
        },
        saw
      )
    }
  )
})

/** Stops it again and again until it is stopped where a transaction of its own holds rows and waits for its next statement. */
async function unplugInTransaction({ host, process }: Node): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    process.kill('SIGSTOP')
    await sleep(20)
    const standing = await cluster.query(
      `select 1 from pg_stat_activity where client_addr = $1 and state = 'idle in transaction' and backend_xid is not null`,
      [host.address]
    )
    if (standing.length > 0) host.unplug()
    process.kill('SIGCONT')
    if (standing.length > 0) return
    await sleep(20)
  }
  throw new Error('the coordinator was never met in a transaction')
}

async function statusOf(job: Job | undefined): Promise<string> {
  const asking = fetch(`${cluster.url}/marc-migrations/${job?.id}`, { headers: { 'x-okapi-tenant': TENANT } })
  return ((await (await asking).json()) as { status: string }).status
}

async function frozenRules(job: Job | undefined): Promise<string | null> {
  const [row] = await cluster.query<{ rules_hash: string | null }>(
    `select rules_hash from ${TENANT}_mod_marc_migrations.operation where id = $1`,
    [job?.id]
  )
  return row?.rules_hash ?? null
}

/** Chunks of the last operation that used up an attempt. */
async function attemptsUsed(): Promise<number> {
  const [row] = await cluster.query<{ used: number }>(
    `select count(*) filter (where attempts > 0)::int as used from ${TENANT}_mod_marc_migrations.operation_chunk
      where operation_id = (select id from ${TENANT}_mod_marc_migrations.operation order by start_time_mapping desc limit 1)`
  )
  return row?.used ?? -1
}

const counts = ({ process }: Node, since: number): Promise<boolean> =>
  Promise.resolve(countedAt(process).some(({ at }) => at > since + 100))

/** Asked past the balancer. */
async function answers({ process }: Node, { id }: Job): Promise<boolean> {
  const asking = fetch(`${process.url}/marc-migrations/${id}`, {
    headers: { 'x-okapi-tenant': TENANT },
    signal: AbortSignal.timeout(1000)
  })
  return (await asking.catch(() => undefined))?.status === 200
}

/** All it needs is there, the broker too. */
async function isWhole({ process }: Node): Promise<boolean> {
  const asking = fetch(`${process.url}/admin/health`, { signal: AbortSignal.timeout(3000) })
  const answer = await asking.catch(() => undefined)
  const { components } = ((await answer?.json()) ?? {}) as { components?: Record<string, { status: string }> }
  return Object.values(components ?? {}).every(({ status }) => status === 'UP')
}
