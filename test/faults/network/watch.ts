import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Process } from '../../system/processes.ts'

/** One question for a job's status, and what came of it. */
export interface Asked {
  /** When it was asked, `Date.now()`. */
  readonly at: number
  readonly ms: number
  /** 0 when the connection failed. */
  readonly status: number
}

export interface StatusWatch {
  readonly asked: readonly Asked[]
  stop(): Promise<void>
}

const EVERY_MS = 100
const LIMIT_MS = 60_000

/** Asks for a job's status ten times a second, whether or not the last answer has come. */
export function watchStatus(url: string, tenant: string): StatusWatch {
  const asked: Asked[] = []
  const open = new Set<Promise<void>>()
  const agent = new Agent({ keepAlive: true, maxSockets: 1000 })
  let stopped = false
  const asking = (async () => {
    while (!stopped) {
      const asking: Promise<void> = ask(url, tenant, agent)
        .then((answer) => void asked.push(answer))
        .finally(() => open.delete(asking))
      open.add(asking)
      await sleep(EVERY_MS)
    }
  })()
  return {
    asked,
    stop: async () => {
      stopped = true
      await asking
      await Promise.all(open)
      agent.destroy()
    }
  }
}

function ask(url: string, tenant: string, agent: Agent): Promise<Asked> {
  const at = Date.now()
  const began = performance.now()
  return new Promise((resolve) => {
    const end = (status: number): void => resolve({ at, ms: performance.now() - began, status })
    const asking = request(url, { agent, headers: { 'x-okapi-tenant': tenant }, timeout: LIMIT_MS }, (answer) => {
      answer.resume().on('end', () => end(answer.statusCode ?? 0))
      answer.on('error', () => end(0))
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => end(0))
    asking.end()
  })
}

/** The duration in ms that `share` of them did not exceed. */
export function quantile(asked: readonly Asked[], share: number): number {
  const sorted = asked.map(({ ms }) => ms).sort((a, b) => a - b)
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN)
}

export interface Span {
  readonly from: number
  readonly to: number
}

export const within =
  ({ from, to }: Span) =>
  ({ at }: { readonly at: number }): boolean =>
    at >= from && at < to

/** Chunks that a worker counted, by its own log. */
export function countedAt({ log }: Process): { readonly at: number }[] {
  return log
    .filter(({ msg }) => msg === 'chunk.counted')
    .map(({ time }) => ({ at: typeof time === 'number' ? time : Date.parse(String(time)) }))
}

/** Chunks a second. */
export function rate(process: Process, span: Span): number {
  return countedAt(process).filter(within(span)).length / ((span.to - span.from) / 1000)
}

export function countsBySecond(process: Process, since: number): readonly number[] {
  const seconds = Array.from({ length: Math.ceil((Date.now() - since) / 1000) }, () => 0)
  for (const { at } of countedAt(process)) {
    const second = Math.floor((at - since) / 1000)
    if (second >= 0) seconds[second] = (seconds[second] ?? 0) + 1
  }
  return seconds
}
