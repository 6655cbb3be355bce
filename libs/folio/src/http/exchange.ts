import type { IncomingHttpHeaders } from 'node:http'
import { MigrationError } from '@marc-migrations/domain'
import type { Dispatcher } from 'undici'

/** Larger answers are not read. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** What became of one request. */
export type Exchange =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      /** Null when it was larger than MAX_ANSWER_BYTES. */
      readonly text: string | null
    }
  | {
      readonly kind: 'failure'
      readonly reason: string
      /** The request was begun on a connection: the peer may have acted on it. */
      readonly sent: boolean
    }

interface Limits {
  /** For connection, request and whole answer together. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/**
 * One request and its answer, or why there is none. Redirects are answers like others.
 *
 * @throws the signal's reason when it aborts; {MigrationError} OKAPI_URL_REFUSED from the look-up of the name
 */
export function exchange(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, limits: Limits): Promise<Exchange> {
  const { signal, timeoutMs } = limits
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(asError(signal.reason))
    let controller: Dispatcher.DispatchController | undefined
    let ended = false
    let status = 0
    let headers: IncomingHttpHeaders = {}
    const pieces: Buffer[] = []
    let length = 0

    const end = (act: () => void): void => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      act()
    }
    // A request that was given up before its connection stood is not sent when it stands after all.
    const giveUp = (act: () => void): void => {
      end(act)
      controller?.abort(new Error('given up'))
    }
    const fail = (reason: string) => () => resolve({ kind: 'failure', reason, sent: controller !== undefined })
    const onAbort = (): void => giveUp(() => reject(asError(signal?.reason)))
    const timer = setTimeout(() => giveUp(fail(`no whole answer within ${timeoutMs} ms`)), timeoutMs)
    signal?.addEventListener('abort', onAbort)

    dispatcher.dispatch(options, {
      onRequestStart: (started) => {
        if (ended) return started.abort(new Error('given up'))
        controller = started
      },
      onResponseStart: (_, answered, answeredHeaders) => {
        status = answered
        headers = answeredHeaders
      },
      onResponseData: (_, piece) => {
        length += piece.byteLength
        if (length <= MAX_ANSWER_BYTES) pieces.push(piece)
        else giveUp(() => resolve({ kind: 'answer', status, headers, text: null }))
      },
      onResponseEnd: () =>
        end(() => resolve({ kind: 'answer', status, headers, text: Buffer.concat(pieces).toString('utf8') })),
      onResponseError: (_, error) =>
        end(error instanceof MigrationError ? () => reject(error) : fail(error.message || codeOf(error)))
    })
  })
}

/** Where several addresses were tried in vain, the message is empty. */
const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.name

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error('aborted', { cause: reason }))
