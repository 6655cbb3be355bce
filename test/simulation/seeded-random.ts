/** Chance that a seed repeats, with the questions a simulation asks of it. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number
  chance(probability: number): boolean
  /** A whole number, both ends included. */
  between(least: number, most: number): number
  pick<T>(from: readonly T[]): T
  /** A UUID of these bits. */
  uuid(): string
  /** A stream of its own: what is drawn there moves nothing here. */
  fork(): SeededRandom
}

/** sfc32, by Chris Doty-Humphrey (PractRand): passes BigCrush, and is the same on every machine. */
export function seededRandom(seed: number): SeededRandom {
  let a = 0x9e3779b9 ^ seed
  let b = 0x243f6a88 + Math.floor(seed / 0x100000000)
  let c = 0xb7e15162
  let counter = 1
  const bits = (): number => {
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) bits()
  const next = (): number => bits() / 0x100000000

  return {
    next,
    chance: (probability) => next() < probability,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (from) => {
      const picked = from[Math.floor(next() * from.length)]
      if (picked === undefined) throw new Error('nothing to pick from')
      return picked
    },
    uuid: () => {
      const hex = [bits(), bits(), bits(), bits()].map((n) => n.toString(16).padStart(8, '0')).join('')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
    },
    fork: () => seededRandom(bits())
  }
}
