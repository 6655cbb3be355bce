import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const CHECK_LIMIT_MS = 5_000

export interface HealthParts {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Rejects when the component does not answer; the name stands in the answer. */
  readonly components: Readonly<Record<string, () => Promise<unknown>>>
  /** What `/admin/info` answers: version, node, active adapters. */
  readonly info: () => object
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Answers `/admin/health` (also `/liveness` and `/readiness` below it) and `/admin/info`, and nothing else: what a process
 * without an API shows of itself. Health is 200 UP, or 503 DOWN when a component fails or takes more than 5 s; liveness
 * looks at no component.
 *
 * @returns once it listens; rejects when the port is taken
 */
export async function serveHealth(parts: HealthParts): Promise<HealthServer> {
  const server = createServer((request, response) => void answer(parts, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(parts.port, parts.host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

async function answer(parts: HealthParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { status: 'method not allowed' })
  switch (path) {
    case '/admin/health':
    case '/admin/health/readiness': {
      const health = await healthOf(parts.components)
      return send(response, health.status === 'UP' ? 200 : 503, health)
    }
    case '/admin/health/liveness':
      return send(response, 200, { status: 'UP' })
    case '/admin/info':
      return send(response, 200, parts.info())
    default:
      return send(response, 404, { status: 'not found' })
  }
}

/** UP, or DOWN beside the components that are; never rejects. */
export async function healthOf(
  components: HealthParts['components']
): Promise<{ status: 'UP' | 'DOWN'; components: Record<string, { status: 'UP' | 'DOWN' }> }> {
  const checked = await Promise.all(
    Object.entries(components).map(async ([name, check]) => [name, { status: await stateOf(check) }] as const)
  )
  const status = checked.every(([, state]) => state.status === 'UP') ? 'UP' : 'DOWN'
  return { status, components: Object.fromEntries(checked) }
}

async function stateOf(check: () => Promise<unknown>): Promise<'UP' | 'DOWN'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'DOWN'>((resolve) => {
    timer = setTimeout(() => resolve('DOWN'), CHECK_LIMIT_MS)
  })
  const answered = check().then(
    () => 'UP' as const,
    () => 'DOWN' as const
  )
  return Promise.race([answered, late]).finally(() => clearTimeout(timer))
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
