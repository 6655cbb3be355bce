import { operationStatuses } from '@marc-migrations/domain'
import type { Operation, SavingOptions } from '@marc-migrations/domain'
import { notAllowed, operationNotFound, unexpectedValue } from '../api-error.ts'
import type { Api } from '../api.ts'
import { booleanOf, chunkIdsOf, enumOf, jsonObjectOf, required } from '../json-body.ts'
import { stageHeaders } from '../okapi-headers.ts'
import { retryIds } from '../retry-ids.ts'
import { failures, Nothing, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import { operationIdOf } from '../uuid.ts'

const tags = ['migrations']
const statusValues = operationStatuses.map((status) => status.toLowerCase())
const savableStatuses: readonly string[] = ['DATA_MAPPING_COMPLETED']
const retryableStatuses: readonly string[] = ['DATA_SAVING_FAILED', 'DATA_MAPPING_COMPLETED']

const saveSchema = {
  tags,
  operationId: 'saveMarcMigration',
  summary: 'Save the mapped records',
  description: 'Once all records are mapped; with allowRejected also when some were rejected: the others are saved.',
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
    // Refused unless they are booleans; FOLIO's order has that before the missing status.
    const publishEvents = booleanOf(body, 'publishEvents')
    const allowRejected = booleanOf(body, 'allowRejected') === true
    const { status } = required({ status: found })
    const headers = stageHeaders(request, context.deps)

    const operation = await operationOf(context, request.tenant, id)
    if (status !== 'data_saving') throw unexpectedValue('status', status)
    refuseImport(operation, 'data save')
    const savable: readonly string[] = allowRejected ? [...savableStatuses, 'DATA_MAPPING_FAILED'] : savableStatuses
    if (!savable.includes(operation.status)) throw notAllowed('data save', 'status', operation.status)
    const options = { headers, allowRejected, publishEvents: publishEvents === undefined ? true : publishEvents }
    await startSaving(context, { operation, ids: null, action: 'data save', options })
    return reply.code(204).send(null)
  })

  api.post('/marc-migrations/:operationId/save/retry', { schema: retrySchema }, async (request, reply) => {
    const id = operationIdOf(request.params.operationId)
    const chunkIds = chunkIdsOf(request)
    const headers = stageHeaders(request, context.deps)
    const operation = await operationOf(context, request.tenant, id)
    if (!retryableStatuses.includes(operation.status)) throw notAllowed('retry', 'status', operation.status)
    const ids = retryIds(chunkIds, context.deps.settings.maxRetryIds)
    refuseImport(operation, 'retry')
    await startSaving(context, { operation, ids, action: 'retry', options: { headers } })
    return reply.code(204).send(null)
  })
}

interface Saving {
  readonly operation: Operation
  /** Null = every chunk that is not saved. */
  readonly ids: readonly string[] | null
  readonly action: string
  readonly options: SavingOptions
}

/** The store tests the status once more, under the operation's lock. */
async function startSaving({ deps }: RouteContext, { operation, ids, action, options }: Saving): Promise<void> {
  const answer = await deps.stores.control.startSaving(operation.tenant, operation.id, ids, options)
  if (answer.outcome === 'unknown') throw operationNotFound(operation.id)
  if (answer.outcome === 'forbidden') throw notAllowed(action, 'status', answer.before.status)
}

/** Records of a file have no source records yet: an authority without one could not be edited as MARC. */
function refuseImport(operation: Operation, action: string): void {
  if (operation.operationType === 'import') throw notAllowed(action, 'operationType', 'import')
}
