/** Typed access to rules and reference data of unknown shape. */

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Texts as they are, numbers and booleans as their text; null for null, absent, lists and objects. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

/** The texts of a list, other elements ignored; null when it is no list. */
export function textsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((element): element is string => typeof element === 'string') : null
}

/** Subfield codes of a list; one longer than a character equals no code of a record. */
export function codesOf(value: unknown): readonly number[] | null {
  return textsOf(value)?.map(codeOf) ?? null
}

export function codeOf(text: string): number {
  return text.length === 1 ? text.charCodeAt(0) : NO_CODE
}

/** Equals the code of no subfield. */
export const NO_CODE = -1
