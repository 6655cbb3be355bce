/** Chance that can be had again: the same seed gives the same sequence. */
export interface SeededRandom {
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number
  pick<T>(of: readonly [T, ...T[]]): T
  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean
}

/** @param seed a whole number; seeds that differ in one bit give sequences that have nothing in common (mulberry32) */
export function seededRandom(seed: number): SeededRandom {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: (of) => of[Math.floor(next() * of.length)] ?? of[0],
    chance: (percent) => next() * 100 < percent
  }
}
