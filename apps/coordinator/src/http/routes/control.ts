import type { ControlAnswer } from '@marc-migrations/domain'
import { notAllowed, operationNotFound } from '../api-error.ts'
import type { Api } from '../api.ts'
import { presentOperation } from '../present.ts'
import { failures, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import type { MigrationOperationBody } from '../schemas.ts'
import { operationIdOf } from '../uuid.ts'

const summaries = {
  pause: 'Publish and claim no more; live chunks finish, the status stays',
  resume: 'Go on after a pause',
  cancel: 'Stop for good: leases are fenced, finished files are kept, retry-failed takes up the rest'
}

/** The user's word on a running operation. Control is not status: a paused operation keeps its own. */
export function controlRoutes(api: Api, context: RouteContext): void {
  const { control } = context.deps.stores
  const actions: Record<keyof typeof summaries, (tenant: string, id: string) => Promise<ControlAnswer>> = {
    pause: (tenant, id) => control.pause(tenant, id),
    resume: (tenant, id) => control.resume(tenant, id),
    cancel: (tenant, id) => control.cancel(tenant, id, 'cancelled')
  }

  for (const name of ['pause', 'resume', 'cancel'] as const) {
    const schema = {
      tags: ['control'],
      operationId: `${name}MarcMigration`,
      summary: summaries[name],
      headers: TenantHeaders,
      params: OperationParams,
      response: {
        200: ref<MigrationOperationBody>('MigrationOperation', 'The operation as it is now'),
        ...failures(400, 404, 422, 503)
      }
    }
    api.post(`/marc-migrations/:operationId/${name}`, { schema }, async (request) => {
      const id = operationIdOf(request.params.operationId)
      const answer = await actions[name](request.tenant, id)
      if (answer.outcome === 'unknown') throw operationNotFound(id)
      if (answer.outcome === 'forbidden') throw notAllowed(name, 'status', answer.before.status)
      return presentOperation(await operationOf(context, request.tenant, id))
    })
  }
}
