const SECRET_KEY = /pass(word|wd)?$|secret|token|authorization|cookie|credential|access-?key/i
/** A key beneath which nothing is secret although its name sounds so. */
const HARMLESS_KEY = /^(tokenKeySource|idempotencyKey|objectKey)$/
/** What an error may carry beside its message; a database error's `detail` can hold a record. */
const ERROR_FACTS = new Set([
  'code',
  'facts',
  'errno',
  'syscall',
  'address',
  'port',
  'path',
  'status',
  'statusCode',
  'severity',
  'schema',
  'table',
  'constraint',
  'routine'
])
const MAX_DEPTH = 6

/** user:password@ in addresses, JSON web tokens, and the signature of a presigned request. */
const SECRET_TEXT: readonly [RegExp, string][] = [
  [/\/\/[^/@\s:]+:[^/@\s]+@/g, '//[redacted]@'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '[redacted]'],
  [/([?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|Signature)=)[^&\s"']+/gi, '$1[redacted]']
]

export const REDACTED = '[redacted]'

/** The text without addresses' passwords, web tokens and presigned signatures. */
export function redactText(text: string): string {
  return SECRET_TEXT.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text)
}

/** A copy fit for a log: what stands under a secret's name is gone, and texts are cleaned; errors keep type, message, stack and cause. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return '[nested]'
  if (value instanceof Error) return redactError(value, depth)
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1))
  return redactFields(Object.entries(value), depth)
}

function redactFields(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, value]) => [key, isSecret(key, value) ? REDACTED : redact(value, depth + 1)]))
}

const isSecret = (key: string, value: unknown) =>
  value !== undefined && value !== null && SECRET_KEY.test(key) && !HARMLESS_KEY.test(key)

function redactError(error: Error, depth: number): Record<string, unknown> {
  const facts = Object.entries(error).filter(([key]) => ERROR_FACTS.has(key))
  return {
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...redactFields(facts, depth),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) })
  }
}
