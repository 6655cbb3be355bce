import { MigrationError, parseTenantId } from '@marc-migrations/domain'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { firstHeader } from './okapi-headers.ts'

const TENANT_PATHS = ['/marc-migrations', '/_/']

/**
 * The tenant header comes before everything else, routing included: an unknown path below `/marc-migrations` still wants it.
 * A tenant that is no identifier ends here, so no statement, key or schema name ever sees it.
 */
export function tenantDoor(defaultTenant: string | undefined) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const path = request.routeOptions.url ?? request.url
    if (!TENANT_PATHS.some((prefix) => path.startsWith(prefix))) return undefined

    const named = firstHeader(request, 'x-okapi-tenant')?.trim()
    const tenant = named === undefined || named === '' ? defaultTenant : named
    if (tenant === undefined) return refuse(reply, 'x-okapi-tenant header must be provided')
    try {
      request.tenant = parseTenantId(tenant)
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error
      return refuse(reply, 'x-okapi-tenant header must be 1 to 31 letters, digits or underscores')
    }
    return undefined
  }
}

async function refuse(reply: FastifyReply, reason: string): Promise<FastifyReply> {
  return reply.code(400).type('text/plain; charset=utf-8').send(`${reason}\n`)
}
