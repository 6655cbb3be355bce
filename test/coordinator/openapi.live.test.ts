import * as Schema from 'typebox/schema'
import { describe, expect } from 'vitest'
import { aMappedOperation } from '../support/store-fixtures.ts'
import { test } from './api-fixture.ts'
import type { Api } from './api-fixture.ts'
import { remapping } from './stored-operations.ts'

type Json = Record<string, unknown>

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly {
    readonly in: string
    readonly name: string
    readonly required?: boolean
    readonly schema: Json
  }[]
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { schema: Json }>> }>
  >
}

interface Document {
  readonly openapi: string
  readonly info: Json
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

const routes = [
  'get /marc-migrations',
  'post /marc-migrations',
  'get /marc-migrations/{operationId}',
  'put /marc-migrations/{operationId}',
  'post /marc-migrations/{operationId}/retry',
  'post /marc-migrations/{operationId}/save/retry',
  'post /marc-migrations/{operationId}/retry-failed',
  'post /marc-migrations/{operationId}/pause',
  'post /marc-migrations/{operationId}/resume',
  'post /marc-migrations/{operationId}/cancel',
  'get /marc-migrations/{operationId}/chunks',
  'get /marc-migrations/{operationId}/events',
  'post /marc-migrations/{operationId}/error-report',
  'get /marc-migrations/{operationId}/error-report/status',
  'get /marc-migrations/{operationId}/error-report/errors',
  'post /marc-migrations/expire',
  'get /marc-migrations/nodes',
  'get /marc-migrations/sources',
  'put /marc-migrations/sources/{name}',
  'post /_/tenant',
  'get /_/tenant/{id}',
  'delete /_/tenant/{id}',
  'get /admin/health',
  'get /admin/health/readiness',
  'get /admin/health/liveness',
  'get /admin/info'
]

describe('the OpenAPI document', () => {
  test('is 3.1 and lists every route, once each', async ({ api }) => {
    const document = await documentOf(api)
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'marc-migrations', version: '1.2.3' })
    expect(
      operationsOf(document)
        .map(({ name }) => name)
        .sort()
    ).toEqual([...routes].sort())
    const ids = operationsOf(document).map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(routes.length)
  })

  test('says of each route what it is, its path parameters, and how it fails', async ({ api }) => {
    for (const { name, operation } of operationsOf(await documentOf(api))) {
      expect(operation.summary, name).toMatch(/\w/)
      const declared = (operation.parameters ?? []).filter((one) => one.in === 'path').map((one) => one.name)
      expect(declared, name).toEqual([...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter))
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(response.description, `${name} ${status}`).not.toBe('Default Response')
      }
      if (name.includes('/marc-migrations')) expect(Object.keys(operation.responses), name).toContain('400')
    }
  })

  test('has only schemas that are JSON Schema 2020-12, and references that lead somewhere', async ({ api }) => {
    const document = await documentOf(api)
    const schemas = [
      ...Object.values(document.components.schemas),
      ...operationsOf(document).flatMap(({ operation }) => schemasOf(operation))
    ]
    expect(schemas.length).toBeGreaterThan(routes.length)
    for (const schema of schemas) {
      expect(Schema.Check(Schema.Meta, { $ref: DIALECT }, schema), JSON.stringify(schema)).toBe(true)
    }
    for (const [, path = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      expect(document.components.schemas, path).toHaveProperty(path)
    }
  })

  test('describes the answers as they are', async ({ api, stores }) => {
    const document = await documentOf(api)
    const operation = await aMappedOperation(stores, remapping)
    await stores.nodes.register({ id: 'w', kind: 'worker', version: '1', host: 'h', pid: 1, slots: 1 }, 5000)
    const asked: readonly (readonly [string, string, string])[] = [
      ['/marc-migrations', '/marc-migrations', '200'],
      [`/marc-migrations/${operation.id}`, '/marc-migrations/{operationId}', '200'],
      [`/marc-migrations/${operation.id}/chunks`, '/marc-migrations/{operationId}/chunks', '200'],
      [`/marc-migrations/${operation.id}/chunks?summary=1`, '/marc-migrations/{operationId}/chunks', '200'],
      ['/marc-migrations/abc', '/marc-migrations/{operationId}', '400'],
      [`/marc-migrations/${operation.userId}`, '/marc-migrations/{operationId}', '404'],
      [`/marc-migrations/${operation.id}/error-report/status`, '/marc-migrations/{operationId}/error-report/status', '200'],
      [`/marc-migrations/${operation.id}/error-report/errors`, '/marc-migrations/{operationId}/error-report/errors', '200'],
      ['/marc-migrations/nodes', '/marc-migrations/nodes', '200'],
      ['/marc-migrations/sources', '/marc-migrations/sources', '200'],
      ['/admin/health', '/admin/health', '200'],
      ['/admin/info', '/admin/info', '200']
    ]
    for (const [path, template, status] of asked) {
      const answer = await api.ask('GET', path)
      expect(String(answer.status), path).toBe(status)
      const schema = document.paths[template]?.['get']?.responses[status]?.content?.['application/json']?.schema
      expect(schema, path).toBeDefined()
      const [valid, problems] = Schema.Errors(standalone(schema ?? {}, document), answer.json)
      expect(valid ? [] : problems, path).toEqual([])
    }
  })

  test('can be read on a page that loads nothing from elsewhere', async ({ api }) => {
    const page = await api.ask('GET', '/docs/')
    expect(page.status).toBe(200)
    expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  })
})

async function documentOf(api: Api): Promise<Document> {
  return (await api.ask('GET', '/openapi.json', { headers: { 'x-okapi-tenant': '' } })).json as unknown as Document
}

function operationsOf(document: Document): { name: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation }))
  )
}

function schemasOf(operation: Operation): Json[] {
  const answers = Object.values(operation.responses).flatMap(({ content }) => Object.values(content ?? {}))
  return [...answers, ...(operation.parameters ?? [])].map(({ schema }) => schema)
}

/** The schema with the document's components beside it, its references pointing there. */
function standalone(schema: Json, document: Document): Json {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas })
  return JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Json
}
