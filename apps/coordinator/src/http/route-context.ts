import type { Operation } from '@marc-migrations/domain'
import { Type } from 'typebox'
import { operationNotFound } from './api-error.ts'
import type { HttpDeps } from './http-deps.ts'
import { ref } from './schemas.ts'

export interface RouteContext {
  readonly deps: HttpDeps
  /** Aborts when the server closes: streams and waits end. */
  readonly closing: AbortSignal
}

export const OperationParams = Type.Object({
  operationId: Type.String({ format: 'uuid', description: 'The operation' })
})

/** Headers of every call of a tenant; read by the doors, listed here for the document. */
export const TenantHeaders = Type.Object({
  'x-okapi-tenant': Type.String({
    pattern: '^[A-Za-z0-9_]{1,31}$',
    description: 'The tenant; optional where DEFAULT_TENANT is set'
  })
})

export const Nothing = Type.Unsafe<null | undefined>({ type: 'null', description: 'No body' })

/** The error answers of a route, for its `response`. */
export function failures<S extends number>(...statuses: readonly S[]) {
  return Object.fromEntries(
    statuses.map((status) => [status, ref<unknown>('Errors', reasons[status] ?? 'Refused')])
  ) as Record<S, ReturnType<typeof ref<unknown>>>
}
const reasons: Readonly<Record<number, string>> = {
  400: 'A header, the path, the query or the body cannot be understood',
  404: 'No such operation',
  415: 'The body is no application/json',
  422: 'Understood, and refused by a rule',
  503: 'The database or the object store does not answer; try again',
  507: 'The object store is full'
}

/** @throws {ApiError} 404 */
export async function operationOf({ deps }: RouteContext, tenant: string, id: string): Promise<Operation> {
  const operation = await deps.stores.operations.get(tenant, id)
  if (operation === null) throw operationNotFound(id)
  return operation
}
