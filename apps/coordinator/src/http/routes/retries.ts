import type { Operation } from '@marc-migrations/domain'
import { notAllowed, operationNotFound } from '../api-error.ts'
import type { Api } from '../api.ts'
import { chunkIdsOf } from '../json-body.ts'
import { stageHeaders } from '../okapi-headers.ts'
import { presentOperation, presentRetried } from '../present.ts'
import { retryIds } from '../retry-ids.ts'
import { failures, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import type { MigrationOperationBody } from '../schemas.ts'
import { operationIdOf } from '../uuid.ts'

const tags = ['migrations']
const operationSchema = ref<MigrationOperationBody>('MigrationOperation', 'The operation with its counters from before')

const retrySchema = {
  tags,
  operationId: 'retryMarcMigrations',
  summary: 'Map chunks again, from every status',
  headers: TenantHeaders,
  params: OperationParams,
  body: ref<unknown>('ChunkIds'),
  response: { 201: operationSchema, ...failures(400, 404, 415, 422, 503) }
}

const retryFailedSchema = {
  tags,
  operationId: 'retryFailed',
  summary: 'Do again what failed or was left open, without naming chunks',
  description:
    'In the stage the operation stands in: mapping, or saving after DATA_SAVING_FAILED; mapping again where all that was mapped ' +
    'is saved, and only rejected records are left.',
  headers: TenantHeaders,
  params: OperationParams,
  response: { 201: operationSchema, ...failures(400, 404, 422, 503) }
}

/** Repeat parts of an operation; each is one transaction that may race everything. */
export function retryRoutes(api: Api, context: RouteContext): void {
  const { control } = context.deps.stores

  api.post('/marc-migrations/:operationId/retry', { schema: retrySchema }, async (request, reply) => {
    const id = operationIdOf(request.params.operationId)
    const ids = retryIds(chunkIdsOf(request), context.deps.settings.maxRetryIds)
    const answer = await control.retryMapping(request.tenant, id, ids, stageHeaders(request, context.deps))
    if (answer.outcome === 'unknown') throw operationNotFound(id)
    if (answer.outcome === 'forbidden') throw notAllowed('retry', 'status', answer.before.status)
    return reply.code(201).send(presentRetried(answer.before))
  })

  api.post('/marc-migrations/:operationId/retry-failed', { schema: retryFailedSchema }, async (request, reply) => {
    const id = operationIdOf(request.params.operationId)
    const headers = stageHeaders(request, context.deps)
    const saving = hasToSave(await operationOf(context, request.tenant, id))
    const answer = saving
      ? await control.startSaving(request.tenant, id, null, { headers })
      : await control.retryMapping(request.tenant, id, null, headers)
    if (answer.outcome === 'unknown') throw operationNotFound(id)
    if (answer.outcome === 'forbidden') throw notAllowed('retry', 'status', answer.before.status)
    return reply
      .code(201)
      .send(saving ? presentOperation(await operationOf(context, request.tenant, id)) : presentRetried(answer.before))
  })
}

/** After a saving of what was mapped, with all of it saved, it is the rejected records that failed. */
function hasToSave({ status, mappedRecords, savedRecords, rejectedRecords }: Operation): boolean {
  const onlyRejected = status === 'DATA_SAVING_FAILED' && savedRecords === mappedRecords && rejectedRecords > 0
  return status.startsWith('DATA_SAVING') && !onlyRejected
}
