import { RecordFailed } from '../record-failed.ts'

const LENGTH = 24
const FIVE_DIGITS = /^[0-9]{5}$/

/**
 * The leader as rules see it: cut to 24 characters, lengths that are no numbers become 00000, counts that are no digits 2.
 *
 * @throws {RecordFailed} when it is shorter than 24 characters
 */
export function rebuildLeader(text: string): string {
  if (text.length < LENGTH) throw new RecordFailed(`leader has ${text.length} characters instead of ${LENGTH}`)
  if (text.length === LENGTH && isWellFormed(text)) return text
  return (
    number(text.slice(0, 5)) +
    text.slice(5, 10) +
    digit(text.charAt(10)) +
    digit(text.charAt(11)) +
    number(text.slice(12, 17)) +
    text.slice(17, LENGTH)
  )
}

function isWellFormed(text: string): boolean {
  for (let i = 0; i < 5; i++) if (!isDigit(text.charCodeAt(i))) return false
  for (let i = 10; i < 17; i++) if (!isDigit(text.charCodeAt(i))) return false
  return true
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

function number(text: string): string {
  return FIVE_DIGITS.test(text) ? text : '00000'
}

function digit(text: string): string {
  return text >= '0' && text <= '9' ? text : '2'
}
