import { Type } from 'typebox'
import type { Api } from '../api.ts'
import { booleanOf, jsonObjectOf, textOf } from '../json-body.ts'
import { failures, Nothing, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'

const tags = ['tenant']
const TaskParams = Type.Object({ id: Type.String() })

const enableSchema = {
  tags,
  operationId: 'enableTenant',
  summary: 'Enable, upgrade or purge a tenant; done when it answers, and repeatable',
  description: 'Without module_to the tenant and all its operations are removed, unless purge is false.',
  headers: TenantHeaders,
  body: ref<unknown>('TenantAttributes'),
  response: { 204: Nothing, ...failures(400, 415, 422, 503) }
}
const taskSchema = {
  tags,
  operationId: 'getTenantTask',
  summary: 'Enabling is never pending',
  headers: TenantHeaders,
  params: TaskParams,
  response: { 200: Type.Boolean({ description: 'Always true' }), ...failures(400) }
}
const forgetSchema = {
  tags,
  operationId: 'deleteTenantTask',
  summary: 'Without effect',
  headers: TenantHeaders,
  params: TaskParams,
  response: { 204: Nothing, ...failures(400) }
}

/** FOLIO's tenant interface 2.0. */
export function tenantRoutes(api: Api, context: RouteContext): void {
  api.post('/_/tenant', { schema: enableSchema }, async (request, reply) => {
    const body = jsonObjectOf(request)
    const enable = (textOf(body, 'module_to') ?? '').trim() !== ''
    const purge = booleanOf(body, 'purge') ?? true
    if (enable) await context.deps.stores.tenants.register(request.tenant)
    else if (purge) await context.deps.stores.tenants.purge(request.tenant, context.deps.settings.expiry.deleteObjects)
    return reply.code(204).send(null)
  })

  api.get('/_/tenant/:id', { schema: taskSchema }, async (_request, reply) => reply.send(true))
  api.delete('/_/tenant/:id', { schema: forgetSchema }, async (_request, reply) => reply.code(204).send(null))
}
