/** Something that will happen. */
export interface Timer {
  cancel(): void
}

const EVENTS_PER_TURN = 64

interface Entry {
  readonly at: number
  readonly place: number
  action: (() => void) | undefined
}

/**
 * Time that passes from event to event. Two events of the same moment happen in the order they were asked for; between two
 * events everything that can go on without time passing has gone on, so the same seed gives the same order of everything.
 */
export class VirtualTime {
  /** Milliseconds since the run began. */
  now = 0
  private places = 0
  private readonly heap: Entry[] = []

  after(ms: number, action: () => void): Timer {
    const entry: Entry = { at: this.now + Math.max(0, ms), place: this.places++, action }
    this.push(entry)
    return { cancel: () => (entry.action = undefined) }
  }

  /** @returns false when the limit, or the end of all events, came before `isOver` did */
  run(isOver: () => boolean, limitMs: number): Promise<boolean> {
    const until = this.now + limitMs
    return new Promise((resolve, reject) => {
      let hasEnded = false
      const end = (settle: () => void): void => {
        hasEnded = true
        settle()
      }
      const step = (): void => {
        if (hasEnded) return
        try {
          if (isOver()) return end(() => resolve(true))
          if (!this.advance(until)) return end(() => resolve(false))
        } catch (error) {
          return end(() => reject(error instanceof Error ? error : new Error(String(error))))
        }
        setImmediate(step)
      }
      // Every promise that can go on has gone on: microtasks run out before each immediate. Of one turn of Node's loop there are many,
      // since a turn costs more than an event.
      for (let i = 0; i < EVENTS_PER_TURN; i++) setImmediate(step)
    })
  }

  /** One event; what was cancelled is none. */
  private advance(until: number): boolean {
    for (;;) {
      const entry = this.pop()
      if (entry === undefined) return false
      if (entry.at > until) {
        this.push(entry)
        return false
      }
      const { action } = entry
      if (action === undefined) continue
      this.now = entry.at
      action()
      return true
    }
  }

  private push(entry: Entry): void {
    const { heap } = this
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, entry)) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  private pop(): Entry | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const left = heap[below]
      const right = heap[below + 1]
      if (left === undefined) break
      if (right !== undefined && isBefore(right, left)) below++
      const child = heap[below]
      if (child === undefined || isBefore(last, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.place < other.place)
}
