/**
 * Bytes that wait for the rest of their record. They are joined once, when it has come: joined at every piece, each byte of a
 * long record would be copied as many times as pieces follow it.
 */
export class WaitingBytes {
  #pieces: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Keeps a copy: what is left of a piece does not hold all of it in memory. */
  add(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#pieces.push(Buffer.from(piece))
    this.#length += piece.length
  }

  clear(): void {
    this.#pieces = []
    this.#length = 0
  }

  /** @returns what waited with its rest behind it, the rest alone without a copy; nothing waits after it */
  endWith(rest: Buffer): Buffer {
    if (this.#length === 0) return rest
    const whole = Buffer.concat([...this.#pieces, rest], this.#length + rest.length)
    this.clear()
    return whole
  }
}
