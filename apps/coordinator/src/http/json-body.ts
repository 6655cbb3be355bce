import type { FastifyRequest } from 'fastify'
import { ApiError, illegalArgument, missingProperties, unreadableBody } from './api-error.ts'
import { isUuid } from './uuid.ts'

type JsonObject = Readonly<Record<string, unknown>>

const MAX_DEPTH = 20
const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i

/** @throws {ApiError} 415 for another media type, 400 for what is no JSON object */
export function jsonObjectOf(request: FastifyRequest): JsonObject {
  const value = jsonOf(request)
  if (typeof value !== 'object' || Array.isArray(value)) throw unreadableBody('an object was expected')
  return value as JsonObject
}

/** The chunk ids of a retry in lower case, null items kept so that they count; unknown ones are not known here. */
export function chunkIdsOf(request: FastifyRequest): readonly (string | null)[] {
  const value = jsonOf(request)
  if (!Array.isArray(value)) throw unreadableBody('an array of chunk ids was expected')
  return value.map((item: unknown) => {
    if (item === null) return null
    if (typeof item === 'string' && isUuid(item)) return item.toLowerCase()
    throw unreadableBody('each chunk id must be a UUID of 36 characters')
  })
}

/** A property that must be one of `values`, in any letter case; undefined when it is absent or null. */
export function enumOf<T extends string>(body: JsonObject, name: string, values: readonly T[]): T | undefined {
  const value = scalarOf(body, name)
  if (value === undefined) return undefined
  const text = String(value)
  const found = values.find((one) => one === text.toLowerCase())
  if (found === undefined) throw illegalArgument(`Unexpected value '${text}'`)
  return found
}

export function textOf(body: JsonObject, name: string): string | undefined {
  const value = scalarOf(body, name)
  return value === undefined ? undefined : String(value)
}

/** Null when the body says null: that is another wish than leaving the property out. */
export function booleanOf(body: JsonObject, name: string): boolean | null | undefined {
  if (!Object.hasOwn(body, name)) return undefined
  const value = scalarOf(body, name)
  if (value === undefined) return null
  const text = String(value).toLowerCase()
  if (text === 'true' || text === 'false') return text === 'true'
  throw unreadableBody(`'${name}' must be true or false`)
}

/** A nested object; undefined when it is absent or null. */
export function objectOf(body: JsonObject, name: string): JsonObject | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) throw unreadableBody(`'${name}' must be an object`)
  return value as JsonObject
}

/** The same properties, none of them undefined any more; all are checked before the first is reported. */
export function required<T extends Readonly<Record<string, unknown>>>(
  properties: T
): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  const missing = Object.keys(properties).filter((name) => properties[name] === undefined)
  if (missing.length > 0) throw missingProperties(missing)
  return properties as { readonly [K in keyof T]: Exclude<T[K], undefined> }
}

function scalarOf(body: JsonObject, name: string): string | number | boolean | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object') throw unreadableBody(`'${name}' must be a single value`)
  return value as string | number | boolean
}

function jsonOf(request: FastifyRequest): NonNullable<unknown> {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  refuseOtherMediaTypes(request.headers['content-type'], bytes.length)
  if (bytes.length === 0) throw unreadableBody()
  const value = parseUtf8(bytes)
  if (value === null || value === undefined) throw unreadableBody()
  if (deeperThan(value, MAX_DEPTH)) throw unreadableBody(`nested deeper than ${MAX_DEPTH}`)
  return value
}

function refuseOtherMediaTypes(contentType: string | undefined, length: number): void {
  if (contentType === undefined ? length === 0 : JSON_TYPE.test(contentType)) return
  const message = `Content-Type '${contentType ?? ''}' is not supported: send application/json`
  throw new ApiError(415, [{ message, type: 'HttpMediaTypeNotSupportedException', code: 'validation_error' }])
}

function parseUtf8(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw unreadableBody(error instanceof Error ? error.message : String(error))
  }
}

/** Looks no deeper than `depth`, so a body of brackets costs no stack. */
function deeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  return Object.values(value).some((inner) => deeperThan(inner, depth - 1))
}
