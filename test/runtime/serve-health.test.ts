import { healthOf, serveHealth, type HealthServer } from '@marc-migrations/runtime'
import { afterEach, expect, test } from 'vitest'

const servers: HealthServer[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

async function aServer(components: Record<string, () => Promise<unknown>>): Promise<string> {
  const server = await serveHealth({ host: '127.0.0.1', port: 0, components, info: () => ({ node: 'n1', broker: 'table' }) })
  servers.push(server)
  return `http://127.0.0.1:${server.port}`
}

test('health is UP while every component answers', async () => {
  const url = await aServer({ database: () => Promise.resolve() })
  const answer = await fetch(`${url}/admin/health`)
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ status: 'UP', components: { database: { status: 'UP' } } })
})

test('health is 503 DOWN and names the component that fails, liveness stays UP', async () => {
  const url = await aServer({ database: () => Promise.reject(new Error('refused')), objects: () => Promise.resolve() })
  const answer = await fetch(`${url}/admin/health`)
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({
    status: 'DOWN',
    components: { database: { status: 'DOWN' }, objects: { status: 'UP' } }
  })
  expect((await fetch(`${url}/admin/health/liveness`)).status).toBe(200)
})

test('info names the node, and nothing else is served', async () => {
  const url = await aServer({})
  expect(await (await fetch(`${url}/admin/info`)).json()).toEqual({ node: 'n1', broker: 'table' })
  expect((await fetch(`${url}/admin/metrics`)).status).toBe(404)
  expect((await fetch(`${url}/admin/info`, { method: 'POST' })).status).toBe(405)
})

test('a component that never answers is DOWN after five seconds', async () => {
  const health = await healthOf({ objects: () => new Promise(() => undefined) })
  expect(health.status).toBe('DOWN')
}, 8_000)

test('a port that is taken is an error', async () => {
  const url = await aServer({})
  const port = Number(new URL(url).port)
  await expect(serveHealth({ host: '127.0.0.1', port, components: {}, info: () => ({}) })).rejects.toThrow(/EADDRINUSE/)
})
