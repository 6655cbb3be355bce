/** What a process of ours tells the one that started it. */
export interface ReadyMessage {
  readonly ready: true
  /** Of its API or its health. */
  readonly port: number
}

/** Says something to the process that started this one, where that listens. */
export function tellParent(message: ReadyMessage): void {
  process.send?.(message)
}

/** A process started by another of ours ends with it, even when that was killed. */
export function endWithParent(stop: () => void): void {
  if (process.send !== undefined) process.once('disconnect', stop)
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'ready' in message && 'port' in message
}
