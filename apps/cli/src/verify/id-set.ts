const GROWTH = 2

/** Ids seen so far, eight bytes each: twelve million of them fit in a hundred megabytes. */
export class IdSet {
  #prefixes = new Float64Array(1024)
  #size = 0

  add(id: string): void {
    if (this.#size === this.#prefixes.length) {
      const larger = new Float64Array(this.#size * GROWTH)
      larger.set(this.#prefixes)
      this.#prefixes = larger
    }
    // 52 bits, exact in a double. Version and variant nibbles of a UUID are left out.
    this.#prefixes[this.#size++] = Number.parseInt(id.replaceAll('-', '').slice(17, 30), 16)
  }

  /** Ids that came more than once; two different ids look the same once in about 2^52 pairs. */
  repeated(): number {
    const sorted = this.#prefixes.subarray(0, this.#size).sort()
    let repeats = 0
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) repeats++
    return repeats
  }
}
