import { MigrationError } from '@marc-migrations/domain'
import type { ErrorCode } from '@marc-migrations/domain'
import type { FastifyError } from 'fastify'
import { ApiError, operationNotFound, unreadableBody } from './api-error.ts'
import type { ErrorEntry } from './api-error.ts'

type Facts = MigrationError['facts']

/** What a user reads instead of a code and its facts, and what to do about it. */
const sentences: Partial<Record<ErrorCode, (facts: Facts) => string>> = {
  TENANT_UNKNOWN: () => 'This tenant is not enabled here: enable it with POST /_/tenant or migrate-db --tenant',
  TENANT_PURGED: () => 'The tenant was purged while it was being enabled; try again',
  SOURCE_NOT_FOUND: (facts) => `There is no source file '${String(facts['name'])}'`,
  SOURCE_NAME_MALFORMED: () =>
    'A source name is 1 to 128 letters, digits, dots, dashes or underscores, a letter or digit first',
  SOURCE_EMPTY: (facts) => `The upload '${String(facts['name'])}' is empty`,
  SOURCE_UNREADABLE: (facts) => `The file '${String(facts['name'])}' cannot be read as MARC`,
  OKAPI_URL_REFUSED: () => 'X-Okapi-Url names an address that this service does not call: see OKAPI_URL_ALLOWED',
  IDEMPOTENCY_KEY_REUSED: () => 'This Idempotency-Key was used for another request; take a new one for each start',
  STORE_UNAVAILABLE: () => 'The database does not answer; try again shortly',
  OBJECTS_UNAVAILABLE: () => 'The object store does not answer; try again shortly',
  OBJECTS_FULL: () => 'The object store has no room left',
  BROKER_UNAVAILABLE: () => 'The broker does not answer; try again shortly'
}

const clientFaults: Readonly<Record<number, { type: string; message?: string }>> = {
  413: { type: 'MaxUploadSizeExceededException', message: 'A request body may have 1 MiB at the most' },
  415: { type: 'HttpMediaTypeNotSupportedException' }
}

/** Any thrown thing as the API's answer; what we did not throw ourselves is a 500 with its own name and message. */
export function errorAnswer(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof MigrationError) return migrationErrorAnswer(error)
  if (isClientFault(error)) return clientFaultAnswer(error)
  return new ApiError(500, [serviceError(error instanceof Error ? error : new Error(String(error)))])
}

function migrationErrorAnswer(error: MigrationError): ApiError {
  if (error.code === 'OPERATION_NOT_FOUND') return operationNotFound(String(error.facts['operationId'] ?? error.facts['id']))
  const hint = error.facts['hint']
  const sentence = sentences[error.code]?.(error.facts) ?? error.message
  const message = hint === undefined ? sentence : `${sentence}; ${String(hint)}`
  const parameters = [{ key: 'errorCode', value: error.code }, ...parametersOf(error.facts)]
  return new ApiError(error.http, [{ message, type: typeOf(error.http), code: codeOf(error.http), parameters }])
}

function parametersOf(facts: Facts): { key: string; value: string }[] {
  return Object.entries(facts)
    .filter(([key, value]) => key !== 'hint' && value !== undefined)
    .map(([key, value]) => ({ key, value: String(value) }))
}

function typeOf(http: number): string {
  if (http === 404) return 'NotFoundException'
  return http < 500 ? 'ApiValidationException' : 'MigrationError'
}

function codeOf(http: number): ErrorEntry['code'] {
  if (http === 404) return 'not_found_error'
  return http < 500 ? 'validation_error' : 'service_error'
}

function serviceError(error: Error): ErrorEntry {
  return { message: error.message, type: error.constructor.name, code: 'service_error' }
}

/** Fastify's own refusals: a body too large, a broken content type, an URL that cannot be decoded. */
function isClientFault(error: unknown): error is FastifyError & { statusCode: number } {
  if (!(error instanceof Error) || !('statusCode' in error)) return false
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500
}

function clientFaultAnswer({ statusCode, code, message }: FastifyError & { statusCode: number }): ApiError {
  if (statusCode === 400 && code !== 'FST_ERR_BAD_URL') return unreadableBody(message)
  const known = clientFaults[statusCode]
  const entry = { message: known?.message ?? message, type: known?.type ?? 'BadRequestException' }
  return new ApiError(statusCode, [{ ...entry, code: 'validation_error' }])
}
