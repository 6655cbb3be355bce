import { createHash } from 'node:crypto'
import type { FailedStep } from '@marc-migrations/domain'

/** Hexadecimal digits of each part: 2^52 positions, 2^28 lines of one file, and what keeps operations apart. */
const DIGITS = { position: 13, line: 7, hash: 11 }

/**
 * Id of an error's row: as ids are ordered, so are the rows by chunk, stage and line. The same line of the same step has the
 * same id each time.
 */
export function errorId(step: FailedStep, line: number): string {
  const hash = createHash('sha256').update(`${step.stepId}/${line}`).digest('hex').slice(0, DIGITS.hash)
  const stage = step.stage === 'DATA_MAPPING' ? '1' : '2'
  const hex = digits(step.position, DIGITS.position) + stage + digits(line, DIGITS.line) + hash
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What has no room left is put last, not elsewhere. */
function digits(value: number, count: number): string {
  const hex = value.toString(16)
  return hex.length > count ? 'f'.repeat(count) : hex.padStart(count, '0')
}
