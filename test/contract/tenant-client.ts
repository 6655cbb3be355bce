import { expect } from 'vitest'
import { ask, JSON_TYPE, USER } from '../coordinator/api-fixture.ts'
import type { Answer } from '../coordinator/api-fixture.ts'

export const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.of-the-conformance-suite'

export interface OperationBody {
  readonly id: string
  readonly status: string
  readonly totalNumOfRecords: number
  readonly mappedNumOfRecords: number
  readonly savedNumOfRecords: number
  readonly startTimeMapping?: string
  readonly endTimeMapping?: string
}

/** A client of FOLIO in one tenant, behind a gateway. */
export interface TenantClient {
  readonly tenant: string
  /** With the gateway's headers; one given as '' is left out. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** The body as it stands, be it JSON or not. */
  send(method: string, path: string, body: string, headers?: Record<string, string>): Promise<Answer>
  enable(): Promise<void>
  start(entityType: 'authority' | 'instance'): Promise<OperationBody>
  get(id: string): Promise<OperationBody>
  /** Polls until the status is one that ends a stage, and says which. */
  ended(id: string): Promise<OperationBody>
  /** Started, and mapped without a failure. */
  mapped(entityType: 'authority' | 'instance'): Promise<OperationBody>
  save(id: string, more?: Record<string, unknown>): Promise<OperationBody>
  chunkIds(id: string): Promise<readonly string[]>
}

const STAGE_LIMIT_MS = 60_000

export function tenantClient(url: string, tenant: string, okapiUrl: string): TenantClient {
  const gateway = {
    'x-okapi-tenant': tenant,
    'x-okapi-user-id': USER,
    'x-okapi-url': okapiUrl,
    'x-okapi-token': TOKEN
  }
  const send = (method: string, path: string, body: string | undefined, headers: Record<string, string> = {}) =>
    ask(url + path, method, {
      headers: { ...gateway, ...(body === undefined ? {} : JSON_TYPE), ...headers },
      ...(body === undefined ? {} : { body })
    })
  const client: TenantClient = {
    tenant,
    send,
    ask: (method, path, body, headers) => send(method, path, body === undefined ? undefined : JSON.stringify(body), headers),
    enable: async () => {
      const enabled = await client.ask('POST', '/_/tenant', { module_to: 'mod-marc-migrations-9.9.9' })
      expect(enabled.status).toBe(204)
    },
    start: async (entityType) => {
      const started = await client.ask('POST', '/marc-migrations', { entityType, operationType: 'remapping' })
      expect(started.status).toBe(201)
      return started.json as unknown as OperationBody
    },
    get: async (id) => {
      const answer = await client.ask('GET', `/marc-migrations/${id}`)
      expect(answer.status).toBe(200)
      return answer.json as unknown as OperationBody
    },
    ended: async (id) => {
      const status = async () => (await client.get(id)).status
      await expect.poll(status, { timeout: STAGE_LIMIT_MS, interval: 50 }).toMatch(/_(completed|failed)$/)
      return await client.get(id)
    },
    mapped: async (entityType) => {
      const operation = await client.ended((await client.start(entityType)).id)
      expect(operation.status).toBe('data_mapping_completed')
      return operation
    },
    save: async (id, more = {}) => {
      expect(await client.ask('PUT', `/marc-migrations/${id}`, { status: 'data_saving', ...more })).toMatchObject({
        status: 204,
        text: ''
      })
      return await client.ended(id)
    },
    chunkIds: async (id) => {
      const { json } = await client.ask('GET', `/marc-migrations/${id}/chunks?limit=1000`)
      return (json as unknown as { chunks: readonly { id: string }[] }).chunks.map((chunk) => chunk.id)
    }
  }
  return client
}
