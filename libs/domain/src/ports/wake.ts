/** What others may be waiting for: room in the window, or a published chunk. A missed wake costs a poll interval, no more. */
export type WakeTopic = 'room' | 'chunk'

/** NOTIFY and LISTEN, or nothing where a pooler does not allow it. */
export interface Wake {
  signal(topic: WakeTopic): Promise<void>
  /** Calls `listener` on each signal until the returned function is called. */
  on(topic: WakeTopic, listener: () => void): () => void
}
