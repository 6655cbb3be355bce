import type { FieldBuffer } from '../record/record-buffer.ts'
import type { ReferenceLists } from './reference-lists.ts'

/** Where a text stands: functions read indicators and neighbours from here. */
export interface Place {
  readonly leader: string
  /** Null in a control field and in the leader. */
  readonly field: FieldBuffer | null
}

/** A normalization function with its parameter and reference lists bound. One that fails gives back its input. */
export type TextFunction = (text: string | null, place: Place) => string | null

/** The `parameter` object of a condition. */
export type Parameter = Readonly<Record<string, unknown>>

/** Binds a function; done once per operation. A null parameter = the condition has none. */
export type BindFunction = (parameter: Parameter | null, lists: ReferenceLists) => TextFunction

/** What an unknown or failing function does. */
export const identity: TextFunction = (text) => text

/** Id that stands where a reference entry could not be found. */
export const STUB_ID = 'fe19bae4-da28-472b-be90-d442e2428ead'

export function always(result: string | null): TextFunction {
  return () => result
}
