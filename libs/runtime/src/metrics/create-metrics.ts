import type { EntityType, GiveBackReason, Stage } from '@marc-migrations/domain'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type RecordOutcome = 'mapped' | 'rejected' | 'saved' | 'failed'
export type ChunkOutcome = 'counted' | 'fenced' | GiveBackReason

/** A running operation, as far as it is a metric. */
export interface JobState {
  readonly tenant: string
  readonly operationId: string
  readonly stage: Stage
  /** 0 to 1. */
  readonly progress: number
  readonly dueChunks: number
}

/** What is looked at only when somebody asks for the metrics. */
export interface MetricSources {
  /** Seconds since each chunk was claimed that this process works on. */
  leaseAges(): readonly number[]
  jobs(): Promise<readonly JobState[]>
}

export interface Metrics {
  readonly contentType: string
  records(entity: EntityType, outcome: RecordOutcome, count: number): void
  chunk(stage: Stage, outcome: ChunkOutcome, seconds: number): void
  objectPut(seconds: number): void
  /** In the text format of Prometheus. */
  text(): Promise<string>
}

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

/**
 * The metrics of one process, all named `marc_migration_…`, beside the process's own. Only running operations are labelled by their
 * id, and their gauges end with them.
 */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  const common = { registers: [registry] }
  collectDefaultMetrics({ register: registry })
  const records = new Counter({
    ...common,
    name: 'marc_migration_records_total',
    help: 'Records of the chunks this process counted',
    labelNames: ['entity', 'outcome']
  })
  const chunks = new Counter({
    ...common,
    name: 'marc_migration_chunks_total',
    help: 'Attempts at chunks, by how they ended',
    labelNames: ['outcome']
  })
  const durations = new Histogram({
    ...common,
    name: 'marc_migration_chunk_duration_seconds',
    help: 'From the claim of a chunk to its count',
    labelNames: ['stage'],
    buckets: SECONDS
  })
  const puts = new Histogram({
    ...common,
    name: 'marc_migration_s3_put_duration_seconds',
    help: 'Writing of one whole object, to S3 or a directory',
    buckets: SECONDS
  })
  const inFlight = new Gauge({ ...common, name: 'marc_migration_chunks_in_flight', help: 'Chunks this process works on' })
  const leaseAge = new Gauge({
    ...common,
    name: 'marc_migration_chunk_lease_age_seconds',
    help: 'Since the claim of the chunk this process has worked on longest'
  })
  const due = new Gauge({
    ...common,
    name: 'marc_migration_due_chunks',
    help: 'Chunks waiting to be published, counted to 200 for each operation; every coordinator shows the same'
  })
  const progress = new Gauge({
    ...common,
    name: 'marc_migration_job_progress_ratio',
    help: 'Processed records of a running operation, of all of its; every coordinator shows the same',
    labelNames: ['tenant', 'operation', 'stage']
  })

  async function look(): Promise<void> {
    const ages = sources.leaseAges()
    inFlight.set(ages.length)
    leaseAge.set(Math.max(0, ...ages))
    const jobs = await sources.jobs()
    due.set(jobs.reduce((sum, { dueChunks }) => sum + dueChunks, 0))
    progress.reset()
    for (const job of jobs) {
      progress.set({ tenant: job.tenant, operation: job.operationId, stage: job.stage }, job.progress)
    }
  }

  return {
    contentType: registry.contentType,
    records: (entity, outcome, count) => records.inc({ entity, outcome }, Math.max(0, count)),
    chunk: (stage, outcome, seconds) => {
      chunks.inc({ outcome })
      if (outcome === 'counted') durations.observe({ stage }, seconds)
    },
    objectPut: (seconds) => puts.observe(seconds),
    text: async () => {
      await look()
      return await registry.metrics()
    }
  }
}
