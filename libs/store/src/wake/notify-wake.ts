import pg from 'pg'
import { wakeTopics } from '@marc-migrations/domain'
import type { Logger, Wake, WakeTopic } from '@marc-migrations/domain'
import { clientConfig } from '../database/database.ts'
import type { Queries } from '../database/database.ts'
import type { ConnectionOptions } from '../store-options.ts'

/** Never inside another transaction: NOTIFY takes a lock that commits pass one at a time. */
const NOTIFY = 'select pg_notify($1, $2)'
const CHANNEL = 'marc_migrations'
const SIGNAL_EVERY_MS = 50
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

/**
 * Wakes other processes by NOTIFY, and listens on a connection of its own. Where that connection cannot be had, or a pooler
 * swallows it, everything goes on at the pace of polling; listeners of this process are called in any case.
 */
export class NotifyWake implements Wake {
  private readonly db: Queries
  private readonly options: ConnectionOptions
  private readonly logger: Logger
  private readonly listeners: Readonly<Record<WakeTopic, Set<() => void>>> = {
    armed: new Set(),
    room: new Set(),
    chunk: new Set()
  }
  private readonly waiting = new Map<WakeTopic, NodeJS.Timeout>()
  private client: pg.Client | undefined
  private retry: NodeJS.Timeout | undefined
  private retryMs = FIRST_RETRY_MS
  private listening = false
  private closed = false

  constructor(db: Queries, options: ConnectionOptions & { readonly logger: Logger }) {
    this.db = db
    this.options = options
    this.logger = options.logger
  }

  /** At once, then at most every 50 ms; a signal in between is sent at the end of that time. */
  async signal(topic: WakeTopic): Promise<void> {
    this.call(topic)
    if (this.closed || this.waiting.has(topic)) {
      this.pending.add(topic)
      return
    }
    this.hold(topic)
    await this.send(topic)
  }

  on(topic: WakeTopic, listener: () => void): () => void {
    this.listeners[topic].add(listener)
    if (!this.listening) {
      this.listening = true
      void this.listen()
    }
    return () => this.listeners[topic].delete(listener)
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.retry)
    for (const timer of this.waiting.values()) clearTimeout(timer)
    await this.client?.end().catch(() => {})
  }

  private readonly pending = new Set<WakeTopic>()

  private hold(topic: WakeTopic): void {
    const timer = setTimeout(() => {
      this.waiting.delete(topic)
      if (!this.pending.delete(topic)) return
      this.hold(topic)
      void this.send(topic)
    }, SIGNAL_EVERY_MS)
    timer.unref()
    this.waiting.set(topic, timer)
  }

  private async send(topic: WakeTopic): Promise<void> {
    try {
      await this.db.rows(NOTIFY, [CHANNEL, topic])
    } catch (err) {
      this.logger.debug({ topic, err }, 'wake.lost')
    }
  }

  private call(topic: WakeTopic): void {
    for (const listener of this.listeners[topic]) listener()
  }

  private async listen(): Promise<void> {
    const client = new pg.Client(clientConfig(this.options))
    this.client = client
    // An end without an error is one too: the server has closed the connection.
    client.on('error', (err) => this.logger.debug({ err }, 'wake.connection-lost'))
    client.on('end', () => this.listenLater())
    client.on('notification', ({ payload }) => {
      const topic = wakeTopics.find((known) => known === payload)
      if (topic !== undefined) this.call(topic)
    })
    try {
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
      this.retryMs = FIRST_RETRY_MS
    } catch (err) {
      this.logger.debug({ err }, 'wake.not-listening')
      this.listenLater()
      await client.end().catch(() => {})
    }
  }

  private listenLater(): void {
    if (this.closed || this.retry !== undefined) return
    this.retry = setTimeout(() => {
      this.retry = undefined
      void this.listen()
    }, this.retryMs)
    this.retry.unref()
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS)
  }
}
