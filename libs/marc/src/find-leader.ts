const LEADER = /\d{5}[ -~]{5}[\d ]{2}\d{5}[ -~]{3}4500/g

/**
 * Looks for a leader whose length reaches exactly to the end of the bytes: a record that something else stands before.
 *
 * @returns where it begins, behind `from`; -1 when there is none
 */
export function findLastRecord(raw: Buffer, from: number): number {
  const text = raw.toString('latin1')
  LEADER.lastIndex = from
  for (let match = LEADER.exec(text); match !== null; match = LEADER.exec(text)) {
    if (Number(match[0].slice(0, 5)) === raw.length - match.index) return match.index
    LEADER.lastIndex = match.index + 1
  }
  return -1
}

/** Whether something that looks like a leader stands in the bytes from there on, whatever length it tells. */
export function holdsLeader(raw: Buffer, from: number): boolean {
  LEADER.lastIndex = 0
  return LEADER.test(raw.toString('latin1', from))
}

/** Whether the bytes begin as a record does, whatever comes then. */
export function beginsWithLeader(raw: Buffer): boolean {
  return /^\d{5}[ -~]{5}[\d ]{2}/.test(raw.toString('latin1', 0, 12))
}
