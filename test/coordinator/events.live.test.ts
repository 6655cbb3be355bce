import { randomUUID } from 'node:crypto'
import { describe, expect } from 'vitest'
import { aPublishedOperation, armedOf, claimAll, LEASE_MS, mappedTally } from '../support/store-fixtures.ts'
import { test } from './api-fixture.ts'
import type { Api } from './api-fixture.ts'
import { remapping } from './stored-operations.ts'

describe('events of an operation', () => {
  test('follow it from change to change and end with it', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, { ...remapping, chunks: 2, records: 10 })
    const events = follow(api, operation.id)
    expect(await next(events)).toMatchObject({ name: 'operation', data: { status: 'data_mapping', mappedNumOfRecords: 0 } })

    const [first, second] = await claimAll(stores, operation)
    if (first === undefined || second === undefined) throw new Error('two chunks were expected')
    await stores.chunks.count(first, mappedTally(first))
    expect(await next(events)).toMatchObject({ name: 'operation', data: { mappedNumOfRecords: 10 } })

    await stores.chunks.count(second, mappedTally(second))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    const last = [await next(events), await next(events)].filter((event) => event !== undefined)
    const end = last.find((event) => event.name === 'end') ?? (await next(events))
    expect(end).toMatchObject({ name: 'end' })
    expect(last.at(-1)?.name === 'end' ? last.at(-2) : last.at(-1)).toMatchObject({
      data: { status: 'data_mapping_completed' }
    })
    expect(await next(events)).toBeUndefined()
  })

  test('are refused like any other request before the stream begins', async ({ api }) => {
    expect((await api.ask('GET', '/marc-migrations/abc/events')).status).toBe(400)
    expect((await api.ask('GET', `/marc-migrations/${randomUUID()}/events`)).status).toBe(404)
    expect(
      (await api.ask('GET', `/marc-migrations/${randomUUID()}/events`, { headers: { 'x-okapi-tenant': '' } })).status
    ).toBe(400)
  })

  test('do not keep the server from closing', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    const events = follow(api, operation.id)
    await next(events)
    const began = performance.now()
    await api.close()
    expect(performance.now() - began).toBeLessThan(3000)
    await expect(drained(events)).resolves.toBeUndefined()
  })
})

interface Event {
  readonly name: string
  readonly data: Record<string, unknown>
}

async function* follow(api: Api, id: string): AsyncGenerator<Event> {
  const response = await fetch(`${api.url}/marc-migrations/${id}/events`, { headers: { 'x-okapi-tenant': 'diku' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  if (response.body === null) return
  let text = ''
  for await (const piece of response.body) {
    text += Buffer.from(piece as Uint8Array).toString()
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const [, name = '', data = '{}'] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
      yield { name, data: JSON.parse(data) as Record<string, unknown> }
    }
  }
}

async function next(events: AsyncGenerator<Event>): Promise<Event | undefined> {
  const { value, done } = (await events.next()) as IteratorResult<Event, undefined>
  return done === true ? undefined : value
}

async function drained(events: AsyncGenerator<Event>): Promise<void> {
  try {
    while ((await next(events)) !== undefined);
  } catch {
    // a stream cut by the closing server is an end too
  }
}
