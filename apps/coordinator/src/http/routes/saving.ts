import { operationStatuses } from '@marc-migrations/domain'
import type { Operation } from '@marc-migrations/domain'
import { notAllowed, operationNotFound, unexpectedValue } from '../api-error.ts'
import type { Api } from '../api.ts'
import { booleanOf, chunkIdsOf, enumOf, jsonObjectOf, required } from '../json-body.ts'
import { okapiHeaders } from '../okapi-headers.ts'
import { retryIds } from '../retry-ids.ts'
import { failures, Nothing, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import { operationIdOf } from '../uuid.ts'

const tags = ['migrations']
const statusValues = operationStatuses.map((status) => status.toLowerCase())
const retryableStatuses: readonly string[] = ['DATA_SAVING_FAILED', 'DATA_MAPPING_COMPLETED']

const saveSchema = {
  tags,
  operationId: 'saveMarcMigration',
  summary: 'Save the mapped records',
  headers: TenantHeaders,
  params: OperationParams,
  body: ref<unknown>('SaveMigrationOperation'),
  response: { 204: Nothing, ...failures(400, 404, 415, 422, 503) }
}

const retrySchema = {
  tags,
  operationId: 'retrySaveMarcMigrations',
  summary: 'Save chunks again',
  headers: TenantHeaders,
  params: OperationParams,
  body: ref<unknown>('ChunkIds'),
  response: { 204: Nothing, ...failures(400, 404, 415, 422, 503) }
}

/** Start and repeat the saving stage; the status is `data_saving` before the 204 is sent. */
export function savingRoutes(api: Api, context: RouteContext): void {
  api.put('/marc-migrations/:operationId', { schema: saveSchema }, async (request, reply) => {
    const id = operationIdOf(request.params.operationId)
    const body = jsonObjectOf(request)
    const found = enumOf(body, 'status', statusValues)
    booleanOf(body, 'publishEvents') // refused unless a boolean; FOLIO's order has it before the missing status
    const { status } = required({ status: found })

    const operation = await operationOf(context, request.tenant, id)
    if (status !== 'data_saving') throw unexpectedValue('status', status)
    refuseImport(operation, 'data save')
    await startSaving(context, { operation, ids: null, action: 'data save', headers: okapiHeaders(request) })
    return reply.code(204).send(null)
  })

  api.post('/marc-migrations/:operationId/save/retry', { schema: retrySchema }, async (request, reply) => {
    const id = operationIdOf(request.params.operationId)
    const chunkIds = chunkIdsOf(request)
    const operation = await operationOf(context, request.tenant, id)
    if (!retryableStatuses.includes(operation.status)) throw notAllowed('retry', 'status', operation.status)
    const ids = retryIds(chunkIds, context.deps.settings.maxRetryIds)
    refuseImport(operation, 'retry')
    await startSaving(context, { operation, ids, action: 'retry', headers: okapiHeaders(request) })
    return reply.code(204).send(null)
  })
}

interface Saving {
  readonly operation: Operation
  /** Null = every chunk that is not saved. */
  readonly ids: readonly string[] | null
  readonly action: string
  readonly headers: Readonly<Record<string, string>>
}

/** The store tests the status once more, under the operation's lock. */
async function startSaving({ deps }: RouteContext, { operation, ids, action, headers }: Saving): Promise<void> {
  const answer = await deps.stores.control.startSaving(operation.tenant, operation.id, ids, { headers })
  if (answer.outcome === 'unknown') throw operationNotFound(operation.id)
  if (answer.outcome === 'forbidden') throw notAllowed(action, 'status', answer.before.status)
}

/** Records of a file have no source records yet: an authority without one could not be edited as MARC. */
function refuseImport(operation: Operation, action: string): void {
  if (operation.operationType === 'import') throw notAllowed(action, 'operationType', 'import')
}
