/** Which tags the rules ask for, found from the three units of a tag without making a text of them. */
export interface TagFilter {
  /** The tag, or undefined when no rule asks for it. All three units are digits or capital letters. */
  find(first: number, second: number, third: number): string | undefined
}

const ZERO = 0x30

/** @param isWanted asked once for each of the thousand tags of digits, and whenever a tag has a letter */
export function tagFilter(isWanted: (tag: string) => boolean): TagFilter {
  const numbered = Array.from({ length: 1000 }, (_, number) => {
    const tag = String(number).padStart(3, '0')
    return isWanted(tag) ? tag : undefined
  })
  return {
    find: (first, second, third) => {
      if (first <= 0x39 && second <= 0x39 && third <= 0x39) {
        return numbered[(first - ZERO) * 100 + (second - ZERO) * 10 + third - ZERO]
      }
      const tag = String.fromCharCode(first, second, third)
      return isWanted(tag) ? tag : undefined
    }
  }
}
