import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Api } from '../api.ts'
import { operationEvents } from '../operation-events.ts'
import { failures, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { operationIdOf } from '../uuid.ts'

const eventsSchema = {
  tags: ['migrations'],
  operationId: 'followMarcMigration',
  summary: 'Live events of an operation, until it is terminal',
  headers: TenantHeaders,
  params: OperationParams,
  response: {
    200: {
      description: 'event: operation with the operation as data whenever it changed; event: end',
      content: { 'text/event-stream': { schema: Type.String() } }
    },
    ...failures(400, 404, 503)
  }
}

/** Read by fetch streaming, which sends the tenant header; EventSource could not. */
export function eventRoutes(api: Api, context: RouteContext): void {
  const { stores, clock } = context.deps

  api.get(
    '/marc-migrations/:operationId/events',
    { schema: eventsSchema, exposeHeadRoute: false },
    async (request, reply) => {
      const operation = await operationOf(context, request.tenant, operationIdOf(request.params.operationId))
      const left = new AbortController()
      request.raw.once('close', () => left.abort())
      const signal = AbortSignal.any([left.signal, context.closing])
      const events = Readable.from(operationEvents(operation, stores.operations, clock, signal))
      return reply
        .type('text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(events)
    }
  )
}
