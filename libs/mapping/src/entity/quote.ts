const NEEDS_ESCAPE = /["\\\u0000-\u001f]/

const ESCAPED = /["\\\u0000-\u001f]/g

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r'
}

/** A JSON text literal as FOLIO's serialiser (Jackson) writes it: only what must be escaped is, control characters in upper-case hex. */
export function quote(text: string): string {
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(ESCAPED, escaped)}"` : `"${text}"`
}

/** The same for a text that is known to need no escape. */
export function quotePlain(text: string): string {
  return `"${text}"`
}

/** No text inside a value needs an escape; keys do not count. */
export function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !NEEDS_ESCAPE.test(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isPlain)
}

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}
