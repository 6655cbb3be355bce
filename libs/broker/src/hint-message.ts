import { MigrationError, type Hint } from '@marc-migrations/domain'
import type { Message } from 'kafkajs'

const VERSION = 1
const MAX_BYTES = 1024
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * A hint as it travels: keyed by its chunk, under 1 KiB, no header but `traceparent`.
 *
 * @throws {MigrationError} INVARIANT_BROKEN when it is larger: a hint carries ids, never data
 */
export function encodeHint(hint: Hint): Message {
  const { tenant, operationId, chunkId, step, attempt } = hint
  const value = JSON.stringify({ v: VERSION, tenant, operationId, chunkId, step, attempt })
  const bytes = Buffer.byteLength(value)
  if (bytes >= MAX_BYTES) throw new MigrationError('INVARIANT_BROKEN', { chunkId, hintBytes: bytes })
  return { key: chunkId, value, headers: traceHeaders(operationId, chunkId) }
}

/** One trace per operation, one parent span per chunk: all hints of a job can be found by the job's id. */
function traceHeaders(operationId: string, chunkId: string): { traceparent?: string } {
  if (!UUID.test(operationId) || !UUID.test(chunkId)) return {}
  const traceId = operationId.replaceAll('-', '').toLowerCase()
  const spanId = chunkId.replaceAll('-', '').slice(-16).toLowerCase()
  return { traceparent: `00-${traceId}-${spanId}-00` }
}

/** `newer`: written by a version of us that is not this one. `unreadable`: not written by us. */
export type Decoded = { readonly hint: Hint } | 'newer' | 'unreadable'

export function decodeHint(value: Buffer | null): Decoded {
  const fields = value === null ? undefined : parseObject(value.toString())
  if (fields === undefined || typeof fields['v'] !== 'number') return 'unreadable'
  if (fields['v'] !== VERSION) return 'newer'
  const { tenant, operationId, chunkId, step, attempt } = fields
  if (typeof tenant !== 'string' || typeof operationId !== 'string' || typeof chunkId !== 'string') return 'unreadable'
  if ((step !== 'DATA_MAPPING' && step !== 'DATA_SAVING') || typeof attempt !== 'number') return 'unreadable'
  return { hint: { v: VERSION, tenant, operationId, chunkId, step, attempt } }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
