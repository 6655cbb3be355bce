import { MigrationError } from '@marc-migrations/domain'

/** Escapes of Java that JavaScript does not know, or knows as something else. */
const ONLY_JAVA_ESCAPES = /\\[QEAZzGhHRXNeapP]/
/** Flags and atomic groups, possessive quantifiers, intersections and unions of classes; escapes are taken out before. */
const ONLY_JAVA = /\(\?[^:=!<]|[*+?}]\+|&&|\[[^\]]*\[/

const WHITE = ' \\t\\n\\v\\f\\r'

/**
 * A pattern of Java's as a test of the whole text. White space is ASCII, a dot takes no line break.
 *
 * @returns null when the pattern does not compile: the function that uses it then fails on every text
 * @throws {MigrationError} RULES_INVALID for patterns that only Java understands; a guess would map silently otherwise
 */
export function javaPattern(source: string): RegExp | null {
  if (ONLY_JAVA_ESCAPES.test(source) || ONLY_JAVA.test(source.replace(/\\[^]/g, '_'))) {
    throw new MigrationError('RULES_INVALID', { pattern: source, reason: 'is understood by Java only' })
  }
  for (const flags of ['u', '']) {
    try {
      return new RegExp(`^(?:${translate(source)})$`, flags)
    } catch {
      // The strict reading refuses escapes that Java accepts; the lenient one takes them.
    }
  }
  return null
}

function translate(source: string): string {
  let inClass = false
  return source.replace(/\\[^]|[[\].]/g, (token) => {
    if (token === '[') inClass = true
    else if (token === ']') inClass = false
    else if (token === '.' && !inClass) return '[^\\n\\r\\u0085\\u2028\\u2029]'
    else if (token === '\\s') return inClass ? WHITE : `[${WHITE}]`
    else if (token === '\\S' && !inClass) return `[^${WHITE}]`
    return token
  })
}
