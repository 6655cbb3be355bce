import fc from 'fast-check'
import { apiRequests } from './api-requests.ts'
import type { FuzzRequest, Known } from './api-requests.ts'
import type { ApiDocument, Json } from './openapi-document.ts'
import { mismatches, routesOf } from './openapi-document.ts'
import { exchange } from './raw-exchange.ts'
import type { RawAnswer } from './raw-exchange.ts'
import { requestBytes } from './request-bytes.ts'

/** Longer than the 25 s a start may wait for its total; what takes longer hangs. */
const ANSWER_LIMIT_MS = 60_000
const LANES = 6

export interface FuzzTarget {
  readonly port: number
  readonly document: ApiDocument
  readonly known: Known
  /** Throws when the process has ended. */
  readonly requireAlive: () => void
}

export interface FuzzSummary {
  readonly requests: number
  /** How often each status was answered; 0 stands for a connection that was closed without a word. */
  readonly statuses: Readonly<Record<string, number>>
  /** Operations of the document that have answered with success. */
  readonly served: readonly string[]
}

/**
 * Sends generated requests, several at a time, until the time is over.
 *
 * @throws at the first answer that no client should ever get; the message holds the request, made as small as it gets, and the
 * seed that finds it again
 */
export async function fuzzApi(target: FuzzTarget, seconds: number, seed: number): Promise<FuzzSummary> {
  const statuses = new Map<number, number>()
  const served = new Set<string>()
  const requests = apiRequests(target.document, target.known)
  const property = fc.asyncProperty(requests, async (request) => {
    const answer = await exchange(target.port, requestBytes(request), ANSWER_LIMIT_MS)
    target.requireAlive()
    statuses.set(answer?.status ?? 0, (statuses.get(answer?.status ?? 0) ?? 0) + 1)
    if (answer === null) return requireReason(request)
    requireWellFormed(request, answer, target.document)
    if (request.kind === 'valid' && answer.status < 300) served.add(request.operationId)
  })
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    fc.assert(property, {
      seed: seed + lane,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: seconds * 1000,
      markInterruptAsFailure: false
    })
  )
  const outcomes = await Promise.allSettled(lanes)
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason as Error
  const total = [...statuses.values()].reduce((sum, count) => sum + count, 0)
  return { requests: total, statuses: Object.fromEntries(statuses), served: [...served].sort() }
}

/** Only a request that broke off may end without an answer. */
function requireReason(request: FuzzRequest): void {
  if (request.kind === 'valid') throw new Error('a valid request was not answered')
}

function requireWellFormed(request: FuzzRequest, answer: RawAnswer, document: ApiDocument): void {
  const { status, headers, body } = answer
  if (status >= 500 && !isPurgedBeside(request, answer)) throw new Error(`status ${status}: ${body.slice(0, 500)}`)
  if (status >= 400) requireEnvelope(request, answer, document)
  const route = routesOf(document).find(({ operation }) => operation.operationId === request.operationId)
  if (request.kind === 'hostile' || route === undefined) return

  const declared = route.operation.responses[String(status)]
  if (declared === undefined) throw new Error(`status ${status} is not declared: ${body.slice(0, 500)}`)
  const schema = declared.content?.['application/json']?.schema
  if (status < 300 && schema !== undefined) requireSchema(body, schema, document)
  if (status === 204 && body !== '') throw new Error(`a 204 with a body: ${body.slice(0, 500)}`)
  if (headers['content-type']?.startsWith('application/json') === true && body === '') throw new Error('JSON without a body')
}

/** One lane enables a tenant that another one purges at this moment, and is told to try again. */
function isPurgedBeside({ operationId }: FuzzRequest, { status, body }: RawAnswer): boolean {
  return operationId === 'enableTenant' && status === 503 && body.includes('TENANT_PURGED')
}

function requireSchema(body: string, schema: Json, document: ApiDocument): void {
  const problems = mismatches(JSON.parse(body), schema, document)
  if (problems.length > 0) throw new Error(`not as documented: ${JSON.stringify(problems)} in ${body.slice(0, 500)}`)
}

/** No JSON is wanted, and what Node itself answers to an expectation it does not know. */
const bodyless: readonly number[] = [406, 417]

interface Envelope {
  readonly errors?: readonly { readonly code?: unknown }[]
  readonly total_records?: unknown
}

function requireEnvelope({ method }: FuzzRequest, { status, headers, body }: RawAnswer, document: ApiDocument): void {
  if (method === 'HEAD' || (bodyless.includes(status) && body === '')) return
  const type = headers['content-type'] ?? ''
  if (type.startsWith('text/plain') && status === 400 && body.startsWith('x-okapi-tenant header')) return
  if (!type.startsWith('application/json')) throw new Error(`status ${status} with ${type}: ${body.slice(0, 500)}`)
  const envelope = JSON.parse(body) as Envelope
  const problems = mismatches(envelope, document.components.schemas['Errors'] ?? {}, document)
  if (problems.length > 0) throw new Error(`no envelope: ${JSON.stringify(problems)} in ${body.slice(0, 500)}`)
  if (envelope.total_records !== envelope.errors?.length) throw new Error(`total_records is not the length: ${body}`)
}
