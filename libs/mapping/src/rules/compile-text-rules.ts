import { MigrationError } from '@marc-migrations/domain'
import { bindFunction } from '../functions/bind-function.ts'
import type { ReferenceLists } from '../functions/reference-lists.ts'
import type { Place, TextFunction } from '../functions/text-function.ts'
import { javaTrim } from '../functions/java-text.ts'
import { RecordFailed } from '../record-failed.ts'
import { isObject, textOf } from './rules-document.ts'

/** Runs the rules of an entry on one text and escapes what comes out. */
export type TextRules = (text: string, place: Place) => string

interface Condition {
  readonly functions: readonly TextFunction[]
  readonly expected: string | null
  /** Every function starts from the leader text. */
  readonly onLeader: boolean
}

interface Rule {
  readonly conditions: readonly (Condition | Fault)[]
  /** Replaces the text when all conditions hold, and ends the run. */
  readonly constant: string | null
}

/** Something FOLIO fails on only when it is reached. */
interface Fault {
  readonly fault: string
}

/**
 * @param rules the `rules` of an entry, absent or not
 * @throws {MigrationError} RULES_INVALID for custom scripts, which are refused
 */
export function compileTextRules(rules: unknown, lists: ReferenceLists, keepTrailingBackslash: boolean): TextRules {
  const escape = keepTrailingBackslash ? pipesToSpaces : escapeText
  const compiled = Array.isArray(rules) ? rules.map((rule) => compileRule(rule, lists)) : []
  if (compiled.length === 0) return escape
  const only = compiled.length === 1 ? compiled[0] : undefined
  const simple = only === undefined ? null : singleFunction(only)
  if (simple !== null) return (text, place) => escape(simple(text, place) ?? '')
  return (text, place) => escape(runRules(compiled, text, place) ?? '')
}

function compileRule(rule: unknown, lists: ReferenceLists): Rule | Fault {
  const conditions = isObject(rule) ? rule['conditions'] : undefined
  if (!isObject(rule) || !Array.isArray(conditions)) return { fault: 'a rule has no conditions' }
  return { conditions: conditions.map((condition) => compileCondition(condition, lists)), constant: textOf(rule['value']) }
}

function compileCondition(condition: unknown, lists: ReferenceLists): Condition | Fault {
  const type = isObject(condition) ? textOf(condition['type']) : null
  if (!isObject(condition) || type === null) return { fault: 'a condition has no type' }
  const names = type.split(',').map(javaTrim)
  if (names.some((name) => name.toLowerCase() === 'custom')) {
    throw new MigrationError('RULES_INVALID', { reason: 'custom scripts are refused', type })
  }
  const parameter = isObject(condition['parameter']) ? condition['parameter'] : null
  return {
    functions: names.map((name) => bindFunction(name, parameter, lists)),
    expected: textOf(condition['value']),
    onLeader: typeof condition['LDR'] === 'boolean'
  }
}

/** The one function of a rule that only transforms, the most frequent form. */
function singleFunction(rule: Rule | Fault): TextFunction | null {
  if ('fault' in rule || rule.constant !== null || rule.conditions.length !== 1) return null
  const condition = rule.conditions[0]
  if (condition === undefined || 'fault' in condition || condition.onLeader || condition.expected !== null) return null
  return condition.functions.length === 1 ? (condition.functions[0] ?? null) : null
}

function runRules(rules: readonly (Rule | Fault)[], original: string, place: Place): string | null {
  let current: string | null = original
  for (const rule of rules) {
    if ('fault' in rule) throw new RecordFailed(rule.fault)
    let met = true
    for (const condition of rule.conditions) {
      if ('fault' in condition) throw new RecordFailed(condition.fault)
      for (const apply of condition.functions) {
        if (condition.onLeader) current = place.leader
        const result: string | null = apply(current, place)
        if (condition.expected !== null && result !== condition.expected) {
          if (result === null) throw new RecordFailed('a function gave nothing to compare')
          met = false
          break
        }
        if (rule.constant === null) current = result
      }
      // Back to the text before all rules, not before this one.
      if (!met) current = original
    }
    if (met && rule.constant !== null) return rule.constant
  }
  return current
}

function escapeText(text: string): string {
  return pipesToSpaces(text.charCodeAt(text.length - 1) === 0x5c ? text.slice(0, -1) : text)
}

function pipesToSpaces(text: string): string {
  return text.includes('|') ? text.replaceAll('|', ' ') : text
}
