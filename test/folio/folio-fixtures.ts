import type { Clock, EntityType, Logger } from '@marc-migrations/domain'
import { folioClient, folioRules, folioSink, type FolioClientOptions } from '@marc-migrations/folio'
import { test as base } from 'vitest'
import { folioPeers, type FolioPeers } from '../support/folio-peers.ts'

/** What must never be seen anywhere but in the header it came in. */
export const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnktdXNlciJ9.c2lnbmF0dXJlLW9mLXRoZS1jYW5hcnk'

export function headersTo(url: string): Record<string, string> {
  return { 'x-okapi-url': url, 'x-okapi-tenant': 'diku', 'x-okapi-token': TOKEN, 'x-okapi-user-id': 'u-1' }
}

/** All that was logged, as text. */
export interface Notes extends Logger {
  readonly text: () => string
}

function notes(): Notes {
  const lines: string[] = []
  const note = (fields: object, event: string) => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const logger: Notes = {
    debug: note,
    info: note,
    warn: note,
    error: note,
    child: () => logger,
    text: () => lines.join('\n')
  }
  return logger
}

/** Waits for nothing, and keeps what it was asked to wait. */
function patientClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = []
  return {
    slept,
    now: () => Date.parse('2026-01-02T03:04:05Z'),
    monotonic: () => performance.now(),
    sleep: (ms) => {
      slept.push(ms)
      return Promise.resolve()
    }
  }
}

/** A client with both adapters on it; the limits are such that only a peer that stays silent meets them. */
export function folioOf(change: Partial<FolioClientOptions> & { readonly savingCallTimeoutMs?: number } = {}) {
  const client = folioClient({
    okapiUrl: 'http://127.0.0.1:9',
    connectTimeoutMs: 30_000,
    timeoutMs: 60_000,
    ...change
  })
  const clock = patientClock()
  const logger = notes()
  const savingCallTimeoutMs = change.savingCallTimeoutMs ?? 60_000
  const sink = folioSink({ client, savingCallTimeoutMs, clock, random: () => 0, logger })
  return { client, clock, logger, sink, rules: folioRules(client) }
}

export type Folio = ReturnType<typeof folioOf>

/** Peers of the test's own, without storage, and clients that end with it. */
export const test = base.extend<{ peers: FolioPeers; open: (change?: Parameters<typeof folioOf>[0]) => Folio }>({
  peers: async ({}, use) => {
    const peers = await folioPeers()
    await use(peers)
    await peers.stop()
  },
  open: async ({}, use) => {
    const opened: Folio[] = []
    await use((change) => {
      const folio = folioOf(change)
      opened.push(folio)
      return folio
    })
    for (const { client } of opened) await client.close()
  }
})

export const FILE = 'sub/operation/1/2_entity'

export function bulkCall(url: string, entityType: EntityType = 'authority', publishEvents: boolean | null = true) {
  return { tenant: 'diku', entityType, headers: headersTo(url), recordsFileName: FILE, publishEvents }
}
