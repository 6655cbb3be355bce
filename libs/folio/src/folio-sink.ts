import type { BulkAnswer, BulkCall, Clock, EntitySink, Logger, Random, SinkRequest } from '@marc-migrations/domain'
import type { Exchange } from './http/exchange.ts'
import type { FolioCall, FolioClient } from './http/folio-client.ts'
import { jsonObject } from './http/json-object.ts'
import { tryThrice, type Tried } from './http/try-thrice.ts'
import { withholdSecrets } from './http/withhold-secrets.ts'
import { bulkPath, readStored } from './read-stored.ts'

export interface FolioSinkOptions {
  readonly client: FolioClient
  /** SAVING_CALL_TIMEOUT_MS: of one try of a bulk call, in which the module saves a whole chunk. */
  readonly savingCallTimeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * FOLIO's storage modules behind the gateway.
 *
 * @see mod-entities-links, POST /authority-storage/authorities/bulk; mod-inventory-storage, POST /instance-storage/instances/bulk
 */
export function folioSink({ client, savingCallTimeoutMs, clock, random, logger }: FolioSinkOptions): EntitySink {
  const ask = async (call: FolioCall, { tenant, entityType }: SinkRequest, signal: AbortSignal): Promise<Tried> => {
    const onRetry = (failed: Exchange, delayMs: number): void =>
      logger.warn({ tenant, entityType, call: client.place(call), failed: briefly(failed), delayMs }, 'folio.call-repeated')
    return await tryThrice(() => client.ask({ ...call, signal }), { clock, random, signal, onRetry })
  }
  return {
    save: async (call, signal) => {
      const { tenant, entityType, headers } = call
      const path = bulkPath(entityType)
      const body = bodyOf(call)
      const bulk: FolioCall = { method: 'POST', path, tenant, headers, body, timeoutMs: savingCallTimeoutMs }
      return answerOf(await ask(bulk, call, signal), headers)
    },
    stored: (request, ids, signal) => readStored(request, ids, (call) => ask(call, request, signal))
  }
}

function bodyOf({ recordsFileName, publishEvents }: BulkCall): object {
  return publishEvents === null ? { recordsFileName } : { recordsFileName, publishEvents }
}

function briefly(failed: Exchange): string {
  return failed.kind === 'failure' ? failed.reason : `status ${failed.status}`
}

function answerOf({ last, outcomeUnknown }: Tried, headers: BulkCall['headers']): BulkAnswer {
  if (last.kind === 'failure') return { outcome: 'silent', outcomeUnknown, reason: last.reason }
  const { status, text } = last
  if (status < 200 || status > 299) {
    const message = withholdSecrets(text ?? '', headers)
    return { outcome: 'refused', outcomeUnknown, status, message: message === '' ? 'no text' : message }
  }
  const counted = text === null ? undefined : jsonObject(text)
  const errors = errorsOf(counted?.['errorsNumber'])
  if (counted === undefined || errors === undefined) {
    // It may have saved all the same; whoever answered so is no storage module.
    return { outcome: 'refused', outcomeUnknown: true, status, message: 'the answer is not that of a bulk call' }
  }
  return {
    outcome: 'answered',
    outcomeUnknown,
    errors,
    errorRecordsFileName: nameOf(counted['errorRecordsFileName']),
    errorsFileName: nameOf(counted['errorsFileName'])
  }
}

/** A number, or a text of digits; missing is none. Undefined for what is no count. */
function errorsOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return 0
  const count = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/** Keys have no slash in front. */
function nameOf(value: unknown): string | null {
  const name = typeof value === 'string' ? value.trim().replace(/^\/+/, '') : ''
  return name === '' ? null : name
}
