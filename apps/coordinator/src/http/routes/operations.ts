import { entityTypes, fileFormats, operationTypes } from '@marc-migrations/domain'
import type { FastifyRequest } from 'fastify'
import type { StartRequest } from '@marc-migrations/flow'
import { Type } from 'typebox'
import { badHeader, refused, unexpectedValue } from '../api-error.ts'
import type { Api } from '../api.ts'
import { awaitTotal } from '../await-total.ts'
import type { HttpDeps } from '../http-deps.ts'
import { enumOf, jsonObjectOf, objectOf, required, textOf } from '../json-body.ts'
import { firstHeader, stageHeaders } from '../okapi-headers.ts'
import { entityTypeOf, pageOf } from '../paging.ts'
import type { Query } from '../paging.ts'
import { presentOperation, presentStarted } from '../present.ts'
import { sourceNameOf } from '../receive-source.ts'
import { failures, OperationParams, operationOf, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'
import type { MigrationOperationBody } from '../schemas.ts'
import { isUuid, operationIdOf } from '../uuid.ts'

const tags = ['migrations']
const MAX_KEY_CHARS = 255

const listSchema = {
  tags,
  operationId: 'getMarcMigrations',
  summary: 'Operations, newest start first; those not yet started before them',
  headers: TenantHeaders,
  querystring: Type.Object({
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, default: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    entityType: Type.Optional(Type.String({ enum: [...entityTypes] }))
  }),
  response: { 200: ref<unknown>('MigrationOperationCollection', 'A page of operations'), ...failures(400, 503) }
}

const startSchema = {
  tags,
  operationId: 'createMarcMigrations',
  summary: 'Start a migration',
  description:
    'Answers as soon as the records are counted, after 25 s at the latest; a file is counted while it is split. ' +
    'The same Idempotency-Key answers the same operation for 24 hours.',
  headers: Type.Intersect([
    TenantHeaders,
    Type.Object({
      'x-okapi-user-id': Type.String({ format: 'uuid', description: 'Who starts it' }),
      'idempotency-key': Type.Optional(Type.String({ maxLength: MAX_KEY_CHARS }))
    })
  ]),
  body: ref<unknown>('NewMigrationOperation'),
  response: { 201: ref<MigrationOperationBody>('MigrationOperation', 'Started'), ...failures(400, 415, 422, 503) }
}

const getSchema = {
  tags,
  operationId: 'getMarcMigrationById',
  summary: 'One operation with its counters',
  headers: TenantHeaders,
  params: OperationParams,
  response: { 200: ref<MigrationOperationBody>('MigrationOperation', 'The operation'), ...failures(400, 404, 503) }
}

/** List, start and read operations. */
export function operationRoutes(api: Api, context: RouteContext): void {
  const { stores, clock } = context.deps

  api.get('/marc-migrations', { schema: listSchema }, async (request) => {
    const query = request.query as Query
    const entityType = entityTypeOf(query)
    const page = { ...pageOf(query, 'getMarcMigrations'), ...(entityType === undefined ? {} : { entityType }) }
    const { operations, totalRecords } = await stores.operations.list(request.tenant, page)
    return { migrationOperations: operations.map(presentOperation), totalRecords }
  })

  api.post('/marc-migrations', { schema: startSchema }, async (request, reply) => {
    const started = await context.deps.startOperation(startRequestOf(request, context.deps))
    const operation =
      started.operationType === 'import' ? started : await awaitTotal(started, stores.operations, clock, context.closing)
    return reply.code(201).send(presentStarted(operation))
  })

  api.get('/marc-migrations/:operationId', { schema: getSchema }, async (request) =>
    presentOperation(await operationOf(context, request.tenant, operationIdOf(request.params.operationId)))
  )
}

function startRequestOf(request: FastifyRequest, deps: HttpDeps): StartRequest {
  const body = jsonObjectOf(request)
  const { entityType, operationType } = required({
    entityType: enumOf(body, 'entityType', entityTypes),
    operationType: enumOf(body, 'operationType', operationTypes)
  })
  const source = operationType === 'import' ? sourceOf(body, deps.settings.importEnabled) : undefined
  const key = idempotencyKeyOf(request)
  return {
    tenant: request.tenant,
    userId: userIdOf(request),
    entityType,
    operationType,
    headers: stageHeaders(request, deps),
    ...(source === undefined ? {} : { source }),
    ...(key === undefined ? {} : { idempotencyKey: key })
  }
}

function sourceOf(body: Readonly<Record<string, unknown>>, importEnabled: boolean): NonNullable<StartRequest['source']> {
  if (!importEnabled) throw unexpectedValue('operationType', 'import')
  const source = objectOf(body, 'source') ?? {}
  const name = textOf(source, 'name')
  if (name === undefined || name === '') {
    const todo = 'An import needs source.name, a file uploaded before with PUT /marc-migrations/sources/{name}'
    throw refused(todo, { key: 'source.name', value: String(name ?? null) })
  }
  const format = enumOf(source, 'format', fileFormats)
  return { name: sourceNameOf(name), ...(format === undefined ? {} : { format }) }
}

function userIdOf(request: FastifyRequest): string {
  const userId = firstHeader(request, 'x-okapi-user-id')?.trim()
  if (userId === undefined || userId === '')
    throw badHeader('x-okapi-user-id header must be provided: the UUID of who starts it')
  if (!isUuid(userId)) throw badHeader('x-okapi-user-id header must be a UUID')
  return userId.toLowerCase()
}

function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = firstHeader(request, 'idempotency-key')?.trim()
  if (key === undefined || key === '') return undefined
  if (key.length > MAX_KEY_CHARS) throw badHeader(`idempotency-key header may have ${MAX_KEY_CHARS} characters at the most`)
  return key
}
