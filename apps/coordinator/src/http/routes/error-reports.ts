import { Type } from 'typebox'
import { operationNotFound } from '../api-error.ts'
import type { Api } from '../api.ts'
import { pageOf } from '../paging.ts'
import { presentError } from '../present.ts'
import { failures, Nothing, OperationParams, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import { operationIdOf } from '../uuid.ts'

const tags = ['reports']

const requestSchema = {
  tags,
  operationId: 'createErrorReport',
  summary: 'Collect the reasons of all rejected and unsaved records',
  description: 'Built in the background, in place of the report before; asked for in every status.',
  headers: TenantHeaders,
  params: OperationParams,
  response: { 204: Nothing, ...failures(400, 404, 503) }
}

const statusSchema = {
  tags,
  operationId: 'getErrorReportStatus',
  summary: 'How far the error report is',
  headers: TenantHeaders,
  params: OperationParams,
  response: { 200: ref<unknown>('ErrorReportStatus', 'Where the report stands'), ...failures(400, 404, 503) }
}

const errorsSchema = {
  tags,
  operationId: 'getMigrationErrors',
  summary: 'A page of the error report, by chunk, then line',
  description: 'Empty for an operation that is unknown, or whose report is not built.',
  headers: TenantHeaders,
  params: OperationParams,
  querystring: Type.Object({
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, default: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 }))
  }),
  response: { 200: ref<unknown>('ErrorReportCollection', 'The errors'), ...failures(400, 503) }
}

/** Why records failed, collected from the files of all chunks. */
export function errorReportRoutes(api: Api, { deps }: RouteContext): void {
  const { reports } = deps.stores

  api.post('/marc-migrations/:operationId/error-report', { schema: requestSchema }, async (request, reply) => {
    const id = operationIdOf(request.params.operationId)
    if (!(await reports.request(request.tenant, id))) throw operationNotFound(id)
    return reply.code(204).send(null)
  })

  api.get('/marc-migrations/:operationId/error-report/status', { schema: statusSchema }, async (request) => {
    const id = operationIdOf(request.params.operationId)
    const status = await reports.status(request.tenant, id)
    if (status === null) throw operationNotFound(id)
    return { operationId: id, status: status.toLowerCase() }
  })

  api.get('/marc-migrations/:operationId/error-report/errors', { schema: errorsSchema }, async (request) => {
    const id = operationIdOf(request.params.operationId)
    const page = pageOf(request.query, 'getMigrationErrors')
    return { errorReports: (await reports.errors(request.tenant, id, page)).map(presentError) }
  })
}
