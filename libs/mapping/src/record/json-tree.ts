import { MappingError } from '../record-failed.ts'
import { javaNumber } from './java-number.ts'

/**
 * JSON with what `JSON.parse` forgets: the written order of integer-like keys and how a number is spelled. A scalar is its
 * text, as FOLIO's JSON layer hands it to the record reader.
 */
export type JsonTree =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonTree[] }
  /** A repeated key has its last value, at the place of the first. */
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonTree> }

/** As deep as FOLIO's JSON layer reads; a bound is needed, so that no text can exhaust the stack. */
const MAX_DEPTH = 1000

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const WHITE = /[ \t\n\r]*/y
const WORD = /true|false|null/y

/** @throws {MappingError} when the text is not JSON, with the offset where it stops being so */
export function parseJsonTree(text: string): JsonTree {
  let at = 0

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  function fail(): never {
    throw new MappingError(`MARC content is not JSON: unexpected ${at < text.length ? 'character' : 'end'} at offset ${at}`)
  }
  function take(character: string): boolean {
    match(WHITE)
    if (text.charAt(at) !== character) return false
    at++
    return true
  }
  function string(): string {
    if (!take('"')) fail()
    const start = at
    do match(PLAIN)
    while (match(ESCAPE) !== undefined)
    const inner = text.slice(start, at)
    if (text.charAt(at) !== '"') fail()
    at++
    return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner
  }
  function object(depth: number): JsonTree {
    const members = new Map<string, JsonTree>()
    if (take('}')) return { kind: 'object', members }
    do {
      const key = string()
      if (!take(':')) fail()
      members.set(key, value(depth))
    } while (take(','))
    return take('}') ? { kind: 'object', members } : fail()
  }
  function array(depth: number): JsonTree {
    const items: JsonTree[] = []
    if (take(']')) return { kind: 'array', items }
    do items.push(value(depth))
    while (take(','))
    return take(']') ? { kind: 'array', items } : fail()
  }
  function value(depth: number): JsonTree {
    if (depth === MAX_DEPTH) fail()
    if (take('{')) return object(depth + 1)
    if (take('[')) return array(depth + 1)
    if (text.charAt(at) === '"') return { kind: 'scalar', text: string() }
    const word = match(WORD)
    if (word !== undefined) return { kind: 'scalar', text: word }
    return { kind: 'scalar', text: javaNumber(match(NUMBER) ?? fail()) }
  }

  const tree = value(0)
  match(WHITE)
  return at === text.length ? tree : fail()
}
