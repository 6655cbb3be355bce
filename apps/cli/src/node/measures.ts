import { isTerminal } from '@marc-migrations/domain'
import type { ChunkStore, Claim, Clock, ObjectStore, PublishStore, Stores } from '@marc-migrations/domain'
import type { ChunkOutcome, JobState, Metrics, MetricSources } from '@marc-migrations/runtime'

/** What is measured by the way: the claims of this process, and the operations it publishes for. */
export interface Measures extends MetricSources {
  chunks(chunks: ChunkStore, metrics: Metrics): ChunkStore
  publish(publish: PublishStore): PublishStore
  objects(objects: ObjectStore, metrics: Metrics): ObjectStore
}

interface Held {
  readonly since: number
  aliveAt: number
}

/**
 * Wraps ports so that what goes through them is counted; whoever uses them knows nothing of it.
 *
 * @param leaseMs a claim that was neither renewed nor ended for so long is no longer this process's
 */
export function measures(operations: Stores['operations'], clock: Clock, leaseMs: number): Measures {
  const held = new Map<Claim, Held>()
  const jobs = new Map<string, { readonly tenant: string; readonly operationId: string; readonly dueChunks: number }>()

  return {
    leaseAges: () => {
      const now = clock.monotonic()
      for (const [claim, { aliveAt }] of held) if (now - aliveAt > leaseMs) held.delete(claim)
      return [...held.values()].map(({ since }) => (now - since) / 1000)
    },

    jobs: async () => {
      const states = await Promise.all(
        [...jobs].map(async ([key, job]) => {
          const state = await stateOf(job, operations)
          if (state === null) jobs.delete(key)
          return state
        })
      )
      return states.filter((state) => state !== null)
    },

    chunks: (chunks, metrics) => {
      const end = (claim: Claim, outcome: ChunkOutcome): void => {
        const since = held.get(claim)?.since
        if (since !== undefined) metrics.chunk(claim.stage, outcome, (clock.monotonic() - since) / 1000)
        held.delete(claim)
      }
      return {
        ...chunks,
        claim: async (hint, worker, lease) => {
          const claim = await chunks.claim(hint, worker, lease)
          const now = clock.monotonic()
          if (claim !== null) held.set(claim, { since: now, aliveAt: now })
          return claim
        },
        renew: async (claim, lease) => {
          const renewed = await chunks.renew(claim, lease)
          const mine = held.get(claim)
          if (!renewed) end(claim, 'fenced')
          else if (mine !== undefined) mine.aliveAt = clock.monotonic()
          return renewed
        },
        giveBack: async (claim, reason) => {
          await chunks.giveBack(claim, reason)
          end(claim, reason)
        },
        count: async (claim, tally) => {
          const answer = await chunks.count(claim, tally)
          end(claim, answer)
          if (answer === 'fenced') return answer
          const [good, bad] =
            tally.stage === 'DATA_MAPPING' ? (['mapped', 'rejected'] as const) : (['saved', 'failed'] as const)
          metrics.records(claim.entityType, good, tally.stage === 'DATA_MAPPING' ? tally.mapped : tally.saved)
          metrics.records(claim.entityType, bad, tally.stage === 'DATA_MAPPING' ? tally.rejected : tally.failed)
          return answer
        }
      }
    },

    publish: (publish) => ({
      ...publish,
      demand: async (armed, limit) => {
        const demand = await publish.demand(armed, limit)
        const { tenant, operationId } = armed
        jobs.set(`${tenant}/${operationId}`, { tenant, operationId, dueChunks: demand.due })
        return demand
      }
    }),

    objects: (objects, metrics) => ({
      ...objects,
      put: async (key, bytes, signal) => {
        const began = clock.monotonic()
        const info = await objects.put(key, bytes, signal)
        metrics.objectPut((clock.monotonic() - began) / 1000)
        return info
      }
    })
  }
}

/** Null for what does not run any more. */
async function stateOf(
  job: { readonly tenant: string; readonly operationId: string; readonly dueChunks: number },
  operations: Stores['operations']
): Promise<JobState | null> {
  const operation = await operations.get(job.tenant, job.operationId).catch(() => null)
  if (operation === null || isTerminal(operation.status)) return null
  const stage = operation.status === 'DATA_SAVING' ? 'DATA_SAVING' : 'DATA_MAPPING'
  const done = stage === 'DATA_SAVING' ? operation.savedRecords : operation.mappedRecords + operation.rejectedRecords
  const progress = operation.totalRecords === 0 ? 0 : Math.min(1, Math.max(0, done / operation.totalRecords))
  return { ...job, stage, progress }
}
