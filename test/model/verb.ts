import type { Stores } from '@marc-migrations/domain'
import type { Die } from './random-state.ts'
import type { At, ModelState, Outcome } from './state.ts'

/** The part of the stores that the twins describe. */
export type StoreVerbs = Omit<Stores, 'tenants' | 'wake' | 'ping' | 'close'>

/** A verb with its arguments, to be run on either side. */
export interface Call {
  readonly name: string
  readonly args: readonly unknown[]
  readonly run: (stores: StoreVerbs) => Promise<unknown>
  readonly twin: (state: ModelState, at: At) => Outcome<unknown>
}

export interface Verb {
  readonly name: string
  readonly draw: (die: Die, state: ModelState) => Call
}

/** One verb of a port beside its twin; `args` draws what both are called with. */
export function verb<A extends unknown[] | []>(
  name: string,
  args: (die: Die, state: ModelState) => A,
  run: (stores: StoreVerbs, ...args: A) => Promise<unknown>,
  twin: (state: ModelState, at: At, ...args: A) => Outcome<unknown>
): Verb {
  return {
    name,
    draw: (die, state) => {
      const drawn = args(die, state)
      return {
        name,
        args: drawn,
        run: (stores) => run(stores, ...drawn),
        twin: (before, at) => twin(before, at, ...drawn)
      }
    }
  }
}
