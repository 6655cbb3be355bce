import type { Api } from '../api.ts'
import { brokerHealth, healthCheck } from '../component-health.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'

const tags = ['admin']
const healthSchema = { response: { 200: ref<unknown>('Health', 'Up'), 503: ref<unknown>('Health', 'Down') } }

/** Probes and facts; no tenant, no secrets. */
export function adminRoutes(api: Api, { deps }: RouteContext): void {
  const health = healthCheck(deps)
  const { version, adapters, importEnabled, defaultTenant } = deps.settings

  for (const [operationId, path, summary] of [
    ['getHealth', '/admin/health', 'Health of the service and its components'],
    ['getReadiness', '/admin/health/readiness', 'Whether requests can be served']
  ] as const) {
    api.get(path, { schema: { ...healthSchema, tags, operationId, summary } }, async (_request, reply) => {
      const now = await health()
      return reply.code(now.status === 'UP' ? 200 : 503).send(now)
    })
  }

  const livenessSchema = { ...healthSchema, tags, operationId: 'getLiveness', summary: 'Whether the process lives' }
  api.get('/admin/health/liveness', { schema: livenessSchema }, () => ({ status: 'UP' }))

  const infoSchema = {
    tags,
    operationId: 'getInfo',
    summary: 'Version and active adapters',
    response: { 200: ref<unknown>('Info', 'Facts') }
  }
  api.get('/admin/info', { schema: infoSchema }, async () => {
    const { status, details } = await brokerHealth(deps)
    return {
      name: 'marc-migrations',
      version,
      adapters,
      broker: { connected: status === 'UP', ...(details?.['error'] === undefined ? {} : { detail: details['error'] }) },
      importEnabled,
      ...(defaultTenant === undefined ? {} : { defaultTenant })
    }
  })
}
