import { Type } from 'typebox'
import { illegalArgument } from '../api-error.ts'
import type { Api } from '../api.ts'
import { chunkRuns } from '../chunk-runs.ts'
import { firstOf, pageOf } from '../paging.ts'
import type { Query } from '../paging.ts'
import { presentChunk } from '../present.ts'
import { failures, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import { operationIdOf } from '../uuid.ts'

const tags = ['migrations']
const MAX_INT = 2_147_483_647

const chunksSchema = {
  tags,
  operationId: 'getChunks',
  summary: 'The chunks of an operation in source order',
  description: 'With summary=1 at most 2,000 runs of equal state instead of pages.',
  headers: TenantHeaders,
  params: OperationParams,
  querystring: Type.Object({
    offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    only: Type.Optional(Type.String({ enum: ['open', 'failed'] })),
    summary: Type.Optional(Type.String({ enum: ['1', 'true'] }))
  }),
  response: {
    200: Type.Union([ref<unknown>('ChunkCollection'), ref<unknown>('ChunkSummary')], { description: 'A page, or the runs' }),
    ...failures(400, 404, 503)
  }
}

/** What an operation is made of: chunk by chunk, or as a picture. */
export function chunkRoutes(api: Api, context: RouteContext): void {
  const { stores } = context.deps

  api.get('/marc-migrations/:operationId/chunks', { schema: chunksSchema }, async (request) => {
    const id = operationIdOf(request.params.operationId)
    const query = request.query as Query
    const page = pageOf(query, 'getChunks', MAX_INT)
    const only = onlyOf(query)
    await operationOf(context, request.tenant, id)
    if (['1', 'true'].includes(firstOf(query, 'summary') ?? '')) return chunkRuns(stores.operations, request.tenant, id)

    const wanted = { ...page, ...(only === undefined ? {} : { only }) }
    const { chunks, totalRecords } = await stores.operations.chunks(request.tenant, id, wanted)
    return { chunks: chunks.map(presentChunk), totalRecords }
  })
}

function onlyOf(query: Query): 'open' | 'failed' | undefined {
  const text = firstOf(query, 'only')
  if (text === undefined || text === 'open' || text === 'failed') return text
  throw illegalArgument(`Unexpected value '${text}'`)
}
