/**
 * Remembers which texts were seen, and where first, in 12 bytes each: hashes of 52 bits in an open table. Two different texts
 * among twelve million are taken for the same one in about sixty runs out of a thousand, so a hit is a reason to look.
 */
export class SeenTexts {
  readonly #maxTexts: number
  #hashes = new Float64Array(1024)
  #firstIndexes = new Uint32Array(1024)
  #size = 0

  constructor(maxTexts: number) {
    this.#maxTexts = maxTexts
  }

  /** True once more texts came than are remembered: what is new from then on is not noticed when it repeats. */
  get isFull(): boolean {
    return this.#size >= this.#maxTexts
  }

  /** @returns the index under which the text was seen first, or undefined when it is new */
  add(text: string, index: number): number | undefined {
    const hash = hashOf(text)
    let slot = hash % this.#hashes.length
    while (this.#hashes[slot] !== 0) {
      if (this.#hashes[slot] === hash) return this.#firstIndexes[slot]
      slot = (slot + 1) % this.#hashes.length
    }
    if (this.isFull) return undefined
    this.#hashes[slot] = hash
    this.#firstIndexes[slot] = index
    this.#size += 1
    if (this.#size * 2 > this.#hashes.length) this.#grow()
    return undefined
  }

  #grow(): void {
    const [hashes, firstIndexes] = [this.#hashes, this.#firstIndexes]
    this.#hashes = new Float64Array(hashes.length * 2)
    this.#firstIndexes = new Uint32Array(hashes.length * 2)
    for (let at = 0; at < hashes.length; at++) {
      const hash = hashes[at] ?? 0
      if (hash === 0) continue
      let slot = hash % this.#hashes.length
      while (this.#hashes[slot] !== 0) slot = (slot + 1) % this.#hashes.length
      this.#hashes[slot] = hash
      this.#firstIndexes[slot] = firstIndexes[at] ?? 0
    }
  }
}

/** Two FNV-1a hashes of 26 bits each as one number, never 0. */
function hashOf(text: string): number {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ (code + at), 0x85ebca6b)
  }
  return ((high ^ (high >>> 13)) >>> 6) * 0x4000000 + ((low ^ (low >>> 15)) >>> 6) + 1
}
