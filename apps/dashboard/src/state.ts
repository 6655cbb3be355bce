import { computed, signal } from '@preact/signals'
import type { Info, Node, Operation, SourceFile } from './api-types.ts'
import { progressOf, rateOf, withSample } from './progress.ts'
import type { Sample } from './progress.ts'

/** What the page knows. Only `refresh.ts` and `actions.ts` write here; views read. */
export const info = signal<Info | undefined>(undefined)
export const operations = signal<readonly Operation[]>([])
export const totalOperations = signal(0)
export const nodes = signal<readonly Node[]>([])
export const sources = signal<readonly SourceFile[]>([])
export const shownOperations = signal(20)
export const opened = signal<string | undefined>(undefined)
/** Why nothing new comes in; undefined while it does. */
export const trouble = signal<string | undefined>(undefined)
/** Whether the first answer has come, so that an empty list is a fact. */
export const loaded = signal(false)
/** The last thing that was done, for everyone who cannot see it happen. */
export const notice = signal<{ readonly text: string; readonly bad: boolean } | undefined>(undefined)

const samples = signal<ReadonlyMap<string, readonly Sample[]>>(new Map())

/** Records per second of each running operation, over the last half minute. */
export const rates = computed(() => new Map([...samples.value].map(([id, seen]) => [id, rateOf(seen)])))

export function sampleRates(seen: readonly Operation[]): void {
  const next = new Map(samples.value)
  for (const operation of seen) {
    const { running, good, rejected } = progressOf(operation)
    if (!running || operation.control === 'pause') next.delete(operation.id)
    else
      next.set(
        operation.id,
        withSample(next.get(operation.id) ?? [], { atMs: performance.now(), processed: good + rejected })
      )
  }
  samples.value = next
}

/** Puts a newer state of one operation into the list. */
export function replaceOperation(newer: Operation): void {
  operations.value = operations.value.map((operation) => (operation.id === newer.id ? newer : operation))
  sampleRates([newer])
}
