import fc from 'fast-check'
import { hostileTexts } from './hostile-texts.ts'
import type { ApiDocument, Json, Route } from './openapi-document.ts'
import { resolved, routesOf } from './openapi-document.ts'

export const framings = ['length', 'chunked', 'slow', 'broken chunk', 'too long', 'too short', 'both', 'none'] as const
type Framing = (typeof framings)[number]

/** One request to send, readable where it is printed. */
export interface FuzzRequest {
  /** The operation meant; what is sent may be far from it. */
  readonly operationId: string
  /** Valid requests are served or refused with a declared status; of others only the form of the answer is known. */
  readonly kind: 'valid' | 'hostile'
  readonly method: string
  /** Path and query as they stand in the request line. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  /** Latin-1, one character a byte; undefined for no body. */
  readonly body: string | undefined
  readonly framing: Framing
}

/** What a fuzzer may know of the service it talks to. */
export interface Known {
  readonly tenant: string
  /** Tenants of no importance: enabling, disabling and purging hits these. */
  readonly spareTenants: readonly string[]
  readonly operationIds: readonly string[]
  readonly chunkIds: readonly string[]
  readonly sourceName: string
  /** A small MARC file. */
  readonly marc: Uint8Array
}

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'))

/** Requests to every operation of the document, valid ones and such that are wrong in one place or in many. */
export function apiRequests(document: ApiDocument, known: Known): fc.Arbitrary<FuzzRequest> {
  const routes = routesOf(document)
  return fc.constantFrom(...routes).chain((route) => {
    const valid = validRequest(route, document, known)
    return fc.oneof({ weight: 3, arbitrary: valid }, { weight: 5, arbitrary: valid.chain((it) => distorted(it, routes)) })
  })
}

function validRequest(route: Route, document: ApiDocument, known: Known): fc.Arbitrary<FuzzRequest> {
  const { operation, template, method } = route
  const parameters = operation.parameters ?? []
  const values = parameters.map((parameter) => {
    const value = parameterValue(parameter.name, parameter.schema, document, known, template)
    return parameter.required === true || parameter.in === 'path' ? value : fc.option(value, { nil: undefined })
  })
  const body = bodyOf(route, document, known)
  return fc.tuple(fc.tuple(...values), body, fc.constantFrom('length', 'chunked', 'slow')).map(([given, text, framing]) => {
    const of = (place: string) =>
      parameters.flatMap((parameter, at) => {
        const value = given[at]
        return parameter.in === place && value !== undefined ? [[parameter.name, value] as const] : []
      })
    const path = of('path').reduce((filled, [name, value]) => filled.replace(`{${name}}`, encoded(value)), template)
    const query = of('query').map(([name, value]) => `${name}=${encoded(value)}`)
    return {
      operationId: operation.operationId,
      kind: 'valid',
      method,
      target: query.length === 0 ? path : `${path}?${query.join('&')}`,
      headers: [...of('header'), ...(text === undefined ? [] : [contentTypeOf(route)])],
      body: text,
      framing: framing
    }
  })
}

function contentTypeOf({ operation }: Route): readonly [string, string] {
  return ['Content-Type', Object.keys(operation.requestBody?.content ?? {})[0] ?? 'application/json']
}

function parameterValue(name: string, schema: Json, document: ApiDocument, known: Known, template: string) {
  if (name === 'x-okapi-tenant')
    return fc.constantFrom(...(template.startsWith('/_/') ? known.spareTenants : [known.tenant]))
  if (name === 'operationId') return fc.oneof(fc.constantFrom(...known.operationIds), fc.uuid())
  if (name === 'name') return fc.constantFrom(known.sourceName, 'other.mrc')
  return valueOf(schema, document).map((value) => String(value))
}

function bodyOf(route: Route, document: ApiDocument, known: Known): fc.Arbitrary<string | undefined> {
  const content = route.operation.requestBody?.content ?? {}
  const schema = content['application/json']?.schema
  if (schema !== undefined) {
    if (resolved(schema, document)['type'] === 'array') {
      const ids = fc.array(fc.oneof(fc.constantFrom(...known.chunkIds), fc.uuid()), { maxLength: 5 })
      return ids.map((list) => JSON.stringify(list))
    }
    const named = route.operation.operationId === 'createMarcMigrations' ? importBody(known) : fc.constant(undefined)
    return fc
      .tuple(valueOf(schema, document), named)
      .map(([value, more]) => bytesOf(JSON.stringify(more === undefined ? value : { ...(value as object), ...more })))
  }
  if (Object.keys(content).length > 0) return fc.constant(Buffer.from(known.marc).toString('latin1'))
  return fc.constant(undefined)
}

/** Of a file that is there, now and then; else imports would all end at a name nobody knows. */
function importBody(known: Known): fc.Arbitrary<object | undefined> {
  return fc.option(fc.constant({ operationType: 'import', source: { name: known.sourceName } }), { nil: undefined })
}

function valueOf(given: Json, document: ApiDocument): fc.Arbitrary<unknown> {
  const schema = resolved(given, document)
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  if (Array.isArray(schema['anyOf']))
    return fc.oneof(...(schema['anyOf'] as Json[]).map((inner) => valueOf(inner, document)))
  const number = (name: string, fallback: number): number => {
    const bound = schema[name]
    return typeof bound === 'number' ? bound : fallback
  }
  switch (schema['type']) {
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'integer':
      return fc.integer({ min: number('minimum', -10), max: number('maximum', 5000) })
    case 'array':
      return fc.array(valueOf(schema['items'] as Json, document), { maxLength: 4 })
    case 'object':
      return objectOf(schema, document)
    default:
      return textOf(schema, number('maxLength', 40))
  }
}

function objectOf(schema: Json, document: ApiDocument): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  const model = Object.fromEntries(properties.map(([name, inner]) => [name, valueOf(inner, document)]))
  return fc.record(model, { requiredKeys: (schema['required'] ?? []) as string[] })
}

function textOf(schema: Json, maxLength: number): fc.Arbitrary<string> {
  if (schema['format'] === 'uuid') return fc.uuid()
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern']))
  return fc.string({ minLength: 1, maxLength, unit: fc.constantFrom(...'abcXYZ019-_.') })
}

type Distortion = fc.Arbitrary<(request: FuzzRequest) => FuzzRequest>

/** The request with one to three things wrong about it. */
function distorted(valid: FuzzRequest, routes: readonly Route[]): fc.Arbitrary<FuzzRequest> {
  const hostile = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: 'binary', maxLength: 60 }))
  const distortions: Distortion[] = [
    fc.tuple(hostile, fc.nat()).map(([text, at]) => (it) => ({ ...it, target: withSegment(it.target, at, encoded(text)) })),
    fc.tuple(hostile, fc.nat()).map(([text, at]) => (it) => ({ ...it, target: withSegment(it.target, at, bytesOf(text)) })),
    fc
      .tuple(hostile, fc.constantFrom('offset', 'limit', 'entityType', 'only', 'summary', 'query', '__proto__'))
      .map(([text, name]) => (it) => ({
        ...it,
        target: `${it.target}${it.target.includes('?') ? '&' : '?'}${name}=${encoded(text)}`
      })),
    fc.tuple(hostile, fc.nat()).map(([text, at]) => (it) => ({ ...it, headers: withHeader(it.headers, at, bytesOf(text)) })),
    fc.nat().map((at) => (it) => ({ ...it, headers: it.headers.filter((_, i) => i !== at % it.headers.length) })),
    fc.tuple(hostile, fc.nat(), fc.boolean()).map(([text, at, first]) => (it) => {
      const name = it.headers[at % Math.max(1, it.headers.length)]?.[0] ?? 'X-Okapi-Tenant'
      const more = [name, bytesOf(text)] as const
      return { ...it, headers: first ? [more, ...it.headers] : [...it.headers, more] }
    }),
    fc
      .constantFrom(
        'text/plain',
        'application/json;charset=utf-16',
        '',
        'nonsense',
        'multipart/form-data',
        'a/b/c;;',
        'application/x-www-form-urlencoded'
      )
      .map((type) => (it) => ({
        ...it,
        headers: [...it.headers.filter(([name]) => name !== 'Content-Type'), ['Content-Type', type] as const]
      })),
    fc.constantFrom('gzip', 'br', 'identity', 'nonsense').map((encoding) => (it) => ({
      ...it,
      headers: [...it.headers, ['Content-Encoding', encoding] as const]
    })),
    fc.constantFrom('*/*', 'text/html', 'application/json;q=0', ';;,', '').map((accept) => (it) => ({
      ...it,
      headers: [...it.headers, ['Accept', accept] as const]
    })),
    fc.constantFrom('100-continue', 'nonsense').map((expect) => (it) => ({
      ...it,
      headers: [...it.headers, ['Expect', expect] as const]
    })),
    hostileBody().map((body) => (it) => ({ ...it, body })),
    fc.tuple(hostile, fc.nat()).map(([text, at]) => (it) => ({ ...it, body: withValue(it.body, at, text) })),
    fc.nat().map((at) => (it) => ({ ...it, body: it.body?.slice(0, at % (it.body.length + 1)) })),
    fc.constantFrom(...framings).map((framing) => (it) => ({ ...it, framing })),
    fc
      .constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'SEARCH', 'get', 'X', 'GET /x')
      .map((method) => (it) => ({ ...it, method })),
    fc.constantFrom(...routes).map(({ template }) => (it) => ({ ...it, target: template })),
    fc
      .constantFrom('/', '//', '*', '/docs/', '/openapi.json', '/marc-migrations/', 'http://x/marc-migrations', '/_/')
      .map((target) => (it) => ({ ...it, target }))
  ]
  return fc
    .array(fc.oneof(...distortions), { minLength: 1, maxLength: 3 })
    .map((all) => all.reduce<FuzzRequest>((request, distort) => distort(request), { ...valid, kind: 'hostile' }))
}

function hostileBody(): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    fc.json({ maxDepth: 3 }).map(bytesOf),
    fc.anything({ withNullPrototype: false }).map((value) => bytesOf(String(JSON.stringify(value)))),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom(
      undefined,
      '',
      'null',
      '[]',
      '{}',
      '""',
      '{"status":"data_saving","status":"new"}',
      '{"__proto__":{"entityType":"authority","operationType":"remapping"}}',
      '{"entityType":"authority","operationType":"import","source":{"name":"../../x"}}',
      '{"entityType":1e999,"operationType":-0}',
      '{"entityType":"\\ud800","operationType":"\\u0000"}',
      '{"module_to":"\\u0000","purge":"yes"}',
      '{"module_to":true}',
      '[null]',
      '[""]',
      '{'.repeat(5000),
      '['.repeat(100_000),
      `${'['.repeat(30)}${']'.repeat(30)}`,
      '\xef\xbb\xbf{}',
      '\xff\xfe{\0}\0',
      `"${'x'.repeat(1_100_000)}"`,
      `[${Array.from({ length: 1001 }, () => '"00000000-0000-4000-8000-000000000000"').join(',')}]`
    )
  )
}

/** The text in place of one segment of the path. */
function withSegment(target: string, at: number, text: string): string {
  const [path = '', query] = target.split('?')
  const segments = path.split('/')
  const place = 1 + (at % Math.max(1, segments.length - 1))
  const changed = segments.map((segment, i) => (i === place ? text : segment)).join('/')
  return query === undefined ? changed : `${changed}?${query}`
}

function withHeader(headers: FuzzRequest['headers'], at: number, value: string): FuzzRequest['headers'] {
  return headers.map(([name, given], i) => [name, i === at % headers.length ? value : given] as const)
}

/** A JSON body with one of its values, or its whole, replaced. */
function withValue(body: string | undefined, at: number, text: string): string {
  try {
    const value = JSON.parse(body ?? '') as unknown
    return bytesOf(JSON.stringify(replaced(value, at % valuesIn(value), text)))
  } catch {
    return bytesOf(JSON.stringify(text))
  }
}

const childrenOf = (value: unknown): unknown[] => (typeof value === 'object' && value !== null ? Object.values(value) : [])

/** The value itself and all it holds. */
function valuesIn(value: unknown): number {
  return childrenOf(value).reduce<number>((sum, child) => sum + valuesIn(child), 1)
}

/** The same with the value at this place, counted from the outside in, replaced. */
function replaced(value: unknown, place: number, text: string): unknown {
  if (place === 0 || typeof value !== 'object' || value === null) return text
  let left = place - 1
  const entries = Object.entries(value).map(([name, child]: [string, unknown]) => {
    const count = valuesIn(child)
    const result = left >= 0 && left < count ? replaced(child, left, text) : child
    left -= count
    return [name, result] as const
  })
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries)
}
