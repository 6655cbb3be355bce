import type { Logger } from '@marc-migrations/domain'

export interface SilenceTimes {
  /** A call that has waited this long makes one ask whether the server is there at all. */
  readonly suspectMs: number
  /** Between two questions to a server that was silent. */
  readonly againMs: number
}

/**
 * Tells a server that takes its time from one that says nothing to anybody: a host that is unplugged, a firewall that forgot us.
 *
 * Each call would find that out by itself, at the end of its own limit, and so would each that comes after. Here the first one
 * that waits too long has the server asked on a fresh connection; when that stays silent, too, all calls end at once, and those
 * that come are refused, until the server has answered a question.
 */
export class SilenceWatch {
  private readonly answers: () => Promise<boolean>
  private readonly times: SilenceTimes
  private readonly logger: Logger
  private readonly cuts = new Set<() => void>()
  private asking = false
  private silent = false
  private closed = false

  /** @param answers asks on a fresh connection and has a limit of its own; false when nothing was heard */
  constructor(answers: () => Promise<boolean>, times: SilenceTimes, logger: Logger) {
    this.answers = answers
    this.times = times
    this.logger = logger
  }

  isSilent(): boolean {
    return this.silent
  }

  /**
   * A call begins.
   *
   * @param cut ends it, when the server was found silent
   * @returns to be called when it has ended
   */
  begin(cut: () => void): () => void {
    this.cuts.add(cut)
    const suspecting = setInterval(() => void this.suspect(), this.times.suspectMs)
    suspecting.unref()
    return () => {
      clearInterval(suspecting)
      this.cuts.delete(cut)
    }
  }

  close(): void {
    this.closed = true
  }

  private async suspect(): Promise<void> {
    if (this.asking || this.closed) return
    this.asking = true
    try {
      if (await this.answers()) return
      this.silent = true
      this.logger.warn({ calls: this.cuts.size }, 'database.silent')
      for (const cut of this.cuts) cut()
      do await this.rest()
      while (!this.closed && !(await this.answers()))
      this.silent = false
      this.logger.info({}, 'database.answers-again')
    } finally {
      this.asking = false
    }
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, this.times.againMs).unref())
  }
}
