/**
 * What others may be waiting for: a stage that was armed, room in the window, a published chunk. A missed wake costs a poll
 * interval, no more.
 */
export const wakeTopics = ['armed', 'room', 'chunk'] as const
export type WakeTopic = (typeof wakeTopics)[number]

/** NOTIFY and LISTEN, or nothing where a pooler does not allow it. */
export interface Wake {
  signal(topic: WakeTopic): Promise<void>
  /** Calls `listener` on each signal until the returned function is called. */
  on(topic: WakeTopic, listener: () => void): () => void
}
