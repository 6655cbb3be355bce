import { randomUUID } from 'node:crypto'
import type { TestDatabase } from '../support/postgres.ts'
import type { S3Server } from '../support/s3.ts'
import { databaseEnv } from '../system/processes.ts'

/** The servers that all processes of a benchmark share. */
export interface Servers {
  readonly db: TestDatabase
  readonly brokers: readonly string[]
  readonly s3: S3Server
}

const headers = { 'x-okapi-tenant': 'bench', 'x-okapi-user-id': randomUUID(), 'content-type': 'application/json' }

export function environment({ db, brokers, s3 }: Servers, s3Url = s3.url): Record<string, string> {
  return {
    ...databaseEnv(db),
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_REPLICATION_FACTOR: '1',
    ENV: 'bench',
    S3_URL: s3Url,
    S3_REGION: s3.region,
    S3_BUCKET: 'bench',
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    RULES_SOURCE: 'default',
    WORKER_THREADS: '1'
  }
}

/** @returns the answer's body; undefined for 204 */
export async function send(
  method: 'POST' | 'PUT',
  url: string,
  body: unknown,
  more: Record<string, string> = {}
): Promise<unknown> {
  const answer = await fetch(url, { method, headers: { ...headers, ...more }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.status === 204 ? undefined : await answer.json()
}

/** Waits until a stage has completed, and tells how many seconds that took. */
export async function untilCompleted(base: string, id: string, stage: 'data_mapping' | 'data_saving'): Promise<number> {
  const began = Date.now()
  for (;;) {
    const answer = await fetch(`${base}/marc-migrations/${id}`, { headers })
    const { status } = (await answer.json()) as { status: string }
    if (status.endsWith('_failed')) throw new Error(`the job ended ${status}`)
    if (status === `${stage}_completed`) return (Date.now() - began) / 1000
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
