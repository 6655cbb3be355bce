import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MigrationError } from '@marc-migrations/domain'
import { adminRoutes, Refusal, type AdminAnswer, type AdminParts } from './admin-routes.ts'

const BODY_LIMIT_BYTES = 65_536
const JSON_TYPE = /^application\/json\s*(;|$)/i

export interface AdminServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * The administrator's port: metrics, log levels, the whole cluster's nodes and settings, save locks. It asks nobody for a password,
 * so it listens on loopback unless it is told otherwise, and answers no page: what a browser sends has an Origin.
 *
 * @returns once it listens; rejects when the port is taken
 */
export async function serveAdmin(
  parts: AdminParts & { readonly host: string; readonly port: number }
): Promise<AdminServer> {
  const routes = adminRoutes(parts)
  const server = createServer((request, response) => {
    answer(request)
      .catch(failure)
      .then((given) => send(response, given))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(parts.port, parts.host, resolve)
  })

  async function answer(request: IncomingMessage): Promise<AdminAnswer> {
    if (request.headers.origin !== undefined) throw new Refusal(403, 'This port is not for web pages')
    const path = (request.url ?? '').split('?')[0] ?? ''
    const known = routes.filter((route) => route.path.test(path))
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = known.find((one) => one.method === method)
    if (route === undefined) throw known.length === 0 ? new Refusal(404, `There is no ${path} here`) : wrongMethod(known)
    const [, ...parameters] = route.path.exec(path) ?? []
    return await route.answer(parameters, method === 'POST' ? await jsonOf(request) : {})
  }

  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

function wrongMethod(known: readonly { readonly method: string }[]): Refusal {
  return new Refusal(405, `Use ${known.map(({ method }) => method).join(', ')}`)
}

async function jsonOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) throw new Refusal(415, 'Send application/json')
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > BODY_LIMIT_BYTES) throw new Refusal(413, `A body may have ${BODY_LIMIT_BYTES} bytes at the most`)
    pieces.push(piece)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Told below, as every other thing that is no object.
  }
  throw new Refusal(400, 'The body must be a JSON object')
}

/** The same envelope as the API's. */
function failure(error: unknown): AdminAnswer {
  const status = error instanceof Refusal ? error.status : error instanceof MigrationError ? error.http : 500
  const message = error instanceof Error ? error.message : String(error)
  const code = status === 404 ? 'not_found_error' : status < 500 ? 'validation_error' : 'service_error'
  const type = error instanceof Error ? error.name : 'Error'
  return { status, body: { errors: [{ message, type, code }], total_records: 1 } }
}

function send(response: ServerResponse, { status, body, type = 'application/json; charset=utf-8' }: AdminAnswer): void {
  response.writeHead(status, body === undefined ? {} : { 'content-type': type, 'cache-control': 'no-store' })
  response.end(typeof body === 'object' ? JSON.stringify(body) : body)
}
