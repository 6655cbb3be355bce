import fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { acceptsJson } from './accepts-json.ts'
import { errorEnvelope } from './api-error.ts'
import type { ApiError } from './api-error.ts'
import type { Api } from './api.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { errorAnswer } from './error-answer.ts'
import type { HttpDeps } from './http-deps.ts'
import { logAnswers } from './log-answers.ts'
import { serveOpenApi } from './openapi.ts'
import type { RouteContext } from './route-context.ts'
import { routeTable } from './route-table.ts'
import { adminRoutes } from './routes/admin.ts'
import { chunkRoutes } from './routes/chunks.ts'
import { controlRoutes } from './routes/control.ts'
import { errorReportRoutes } from './routes/error-reports.ts'
import { eventRoutes } from './routes/events.ts'
import { expiryRoutes } from './routes/expiry.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { operationRoutes } from './routes/operations.ts'
import { pageRoutes } from './routes/page.ts'
import { retryRoutes } from './routes/retries.ts'
import { savingRoutes } from './routes/saving.ts'
import { sourceRoutes } from './routes/sources.ts'
import { tenantRoutes } from './routes/tenants.ts'
import { tenantDoor } from './tenant-door.ts'

const BODY_LIMIT_BYTES = 1024 * 1024
const IDLE_SOCKET_MS = 120_000
const CLOSE_IDLE_EVERY_MS = 200

/**
 * The REST API, its documentation and the page, on one port; `listen` and `close` are the caller's.
 *
 * Closing ends event streams and waits at once and lets other requests finish.
 */
export function buildHttp(deps: HttpDeps): Api {
  const api: Api = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: IDLE_SOCKET_MS,
    routerOptions: { maxParamLength: 4096 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => {
      sendError(reply, errorAnswer(error))
    }
  })
  const context: RouteContext = { deps, closing: closingOf(api) }
  readBodiesUnparsed(api)
  answerErrors(api, deps)
  logAnswers(api, deps)
  api.decorateRequest('tenant', '')
  api.addHook('onRequest', tenantDoor(deps.settings.defaultTenant))

  api.register(async (inner) => {
    await serveOpenApi(inner, deps.settings.version)
    inner.register((scope, _options, done) => {
      addTenantRoutes(scope, context)
      done()
    })
    tenantRoutes(inner, context)
    adminRoutes(inner, context)
    await pageRoutes(inner, deps.settings.pageDir)
  })
  return api
}

/** A signal that aborts when the server begins to close; connections that fall idle after that moment are closed too. */
function closingOf(api: Api): AbortSignal {
  const closing = new AbortController()
  let sweeping: NodeJS.Timeout | undefined
  api.addHook('preClose', (done) => {
    closing.abort()
    sweeping = setInterval(() => api.server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
    done()
  })
  api.addHook('onClose', (_instance, done) => {
    clearInterval(sweeping)
    done()
  })
  return closing.signal
}

/** Below `/marc-migrations`: only for tenants that are enabled here. */
function addTenantRoutes(api: Api, context: RouteContext): void {
  api.addHook('onRequest', async (request, reply) => {
    const streams = request.routeOptions.url?.endsWith('/events') === true
    if (!streams && !acceptsJson(request.headers.accept)) return reply.code(406).send()
    await context.deps.stores.tenants.require(request.tenant)
    return undefined
  })
  operationRoutes(api, context)
  savingRoutes(api, context)
  retryRoutes(api, context)
  controlRoutes(api, context)
  chunkRoutes(api, context)
  errorReportRoutes(api, context)
  expiryRoutes(api, context)
  eventRoutes(api, context)
  nodeRoutes(api, context)
  api.register((scope, _options, done) => {
    sourceRoutes(scope, context)
    done()
  })
}

/** Path, query, JSON and values are checked by the routes: the order of the checks and their words are FOLIO's contract. */
function readBodiesUnparsed(api: Api): void {
  api.removeAllContentTypeParsers()
  api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  api.setValidatorCompiler(() => () => true)
  api.setSerializerCompiler(() => (data) => JSON.stringify(data))
}

function answerErrors(api: Api, deps: HttpDeps): void {
  const routes = routeTable(api)
  api.setNotFoundHandler((request, reply) => {
    const { error, allow } = routes.unmatched(request.method, request.url.split('?')[0] ?? '')
    if (allow.length > 0) reply.header('allow', allow.join(', '))
    return sendError(reply, error)
  })
  api.setErrorHandler((error, request, reply) => {
    const answer = errorAnswer(error)
    if (answer.status >= 500 && !request.raw.destroyed) {
      deps.logger.error({ route: request.routeOptions.url, tenant: request.tenant, err: error }, 'http.failed')
    }
    return sendError(reply, answer)
  })
}

function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  if (error.status === 503) reply.header('retry-after', '2')
  return reply
    .code(error.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorEnvelope(error.entries)))
}
