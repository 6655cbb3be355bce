import type { Report } from './problem.ts'

const LEADER_LENGTH = 24
/** What FOLIO reads for a record without a leader. */
const DEFAULT_LEADER = '00000nam a2200000 a 4500'

/**
 * The leader of a record that did not come from ISO 2709: length and base address (00-04, 12-16) belong to those bytes and
 * become zeros, the counts (10-11) are digits; the rest is kept.
 */
export function canonicalLeader(found: string, report: Report): string {
  if (found === '') {
    report('LEADER_MISSING', {})
    return DEFAULT_LEADER
  }
  if (found.length !== LEADER_LENGTH) report('LEADER_REPAIRED', { detail: `${found.length} characters` })
  const leader = found.padEnd(LEADER_LENGTH)
  return `00000${leader.slice(5, 10)}${leader.slice(10, 12).replace(/[^0-9]/g, '2')}00000${leader.slice(17, LEADER_LENGTH)}`
}
