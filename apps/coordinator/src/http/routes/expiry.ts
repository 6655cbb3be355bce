import type { Api } from '../api.ts'
import { failures, Nothing, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'

const expireSchema = {
  tags: ['migrations'],
  operationId: 'expireMarcMigrations',
  summary: 'Delete operations older than JOB_RETENTION_DAYS',
  description: "FOLIO's timer calls it once a day for each tenant. Running operations are spared.",
  headers: TenantHeaders,
  response: { 202: Nothing, ...failures(400, 503) }
}

export function expiryRoutes(api: Api, { deps }: RouteContext): void {
  const { retentionDays, deleteObjects } = deps.settings.expiry

  api.post('/marc-migrations/expire', { schema: expireSchema }, async (request, reply) => {
    const { tenant } = request
    const expired = await deps.stores.operations.expire(tenant, { olderThanDays: retentionDays, deleteObjects })
    if (expired.length > 0) deps.logger.info({ tenant, operationIds: expired, deleteObjects }, 'operations.expired')
    return reply.code(202).send(undefined)
  })
}
