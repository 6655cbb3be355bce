/**
 * A small language for mapping rules: each function gives a piece of the form FOLIO's engine reads, so a table of rules reads
 * like the table of a cataloguing manual and still compiles to JSON that FOLIO would take.
 */

/** A normalization function with its parameters. */
export type Step = string | readonly [name: string, parameters: Readonly<Record<string, unknown>>]

/** One property from some subfields: an item of an entity, or an entry of its own. */
export interface Part {
  readonly target: string
  readonly subfield: readonly string[]
  readonly rules?: readonly unknown[]
  readonly applyRulesOnConcatenatedData?: true
  readonly requiredSubfield?: readonly string[]
  readonly exclusiveSubfield?: readonly string[]
  readonly ignoreSubsequentSubfields?: true
  readonly ignoreSubsequentFields?: true
  readonly createSingleObject?: true
  readonly subFieldDelimiter?: readonly { readonly value: string; readonly subfields: readonly string[] }[]
  readonly subFieldSplit?: { readonly type: 'split_every'; readonly value: string }
  readonly alternativeMapping?: Part
  readonly fieldReplacementBy3Digits?: true
  readonly fieldReplacementRule?: readonly { readonly sourceDigits: string; readonly targetField: string }[]
}

/** Several parts that fill one object. */
export interface Group {
  readonly entity: readonly Part[]
  readonly entityPerRepeatedSubfield?: true
  readonly keepTrailingBackslash?: true
  readonly indicators?: { readonly ind1: string; readonly ind2: string }
}

export type Entry = Part | Group

/** Entries by tag, in the order they run. */
export type RuleForm = Readonly<Record<string, readonly Entry[]>>

/** The property from each of the subfields, steps run on each, results joined by spaces. */
export function each(target: string, codes: string, ...steps: Step[]): Part {
  return { target, subfield: [...codes], rules: steps.length === 0 ? [] : [{ conditions: [condition(steps)] }] }
}

/** The property from the subfields joined by spaces, steps run once on the joined text. */
export function joined(target: string, codes: string, ...steps: Step[]): Part {
  return { ...each(target, codes, ...steps), applyRulesOnConcatenatedData: true }
}

/** A fixed text wherever one of the subfields stands. */
export function fixed(target: string, codes: string, value: string): Part {
  return { target, subfield: [...codes], rules: [{ conditions: [], value }] }
}

/** The property from a whole control field, or the leader. */
export function whole(target: string, ...steps: Step[]): Part {
  return each(target, '', ...steps)
}

/** One object from the field. */
export function object(...entity: readonly Part[]): Group {
  return { entity }
}

/** One object from each of the subfields; repeated subfields make further objects. */
export function objectPerSubfield(...entity: readonly Part[]): Group {
  return { entityPerRepeatedSubfield: true, entity }
}

/** Only for fields whose indicators are these; `*` is any, a blank is a space. */
export function when(indicators: string, group: Group): Group {
  return { indicators: { ind1: indicators.charAt(0), ind2: indicators.charAt(1) }, ...group }
}

/** Functions of one condition run one after the other and share their parameters. */
function condition(steps: readonly Step[]): unknown {
  const names = steps.map((step) => (typeof step === 'string' ? step : step[0]))
  const parameters: Record<string, unknown> = {}
  for (const step of steps) if (typeof step !== 'string') Object.assign(parameters, step[1])
  const type = names.join(', ')
  return Object.keys(parameters).length === 0 ? { type } : { type, parameter: parameters }
}
