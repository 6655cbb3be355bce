import { Iso2709Cutter } from './iso2709-cutter.ts'
import { readIso2709 } from './read-iso2709.ts'
import type { Reading, RecordReading } from './reading.ts'
import { readWithMarc4js } from './second-reader.ts'

export interface CrossCheck {
  /** Records that both readers read: those in ASCII or UTF-8 about which ours had nothing to say. */
  readonly compared: number
  /** Records for which the two do not agree to the byte; the first hundred. */
  readonly differing: readonly {
    readonly index: number
    readonly offset: number
    readonly ours: string
    readonly theirs: string | undefined
  }[]
}

const MAX_DIFFERING = 100

/**
 * Reads the well-formed records of an ISO 2709 file a second time with marc4js and compares the canonical texts.
 *
 * @param stream the bytes of the file, uncompressed, in pieces of any size
 */
export async function crossCheck(stream: AsyncIterable<Uint8Array>): Promise<CrossCheck> {
  const cutter = new Iso2709Cutter()
  const differing: { index: number; offset: number; ours: string; theirs: string | undefined }[] = []
  let compared = 0
  let carry = Buffer.alloc(0)
  let carryOffset = 0
  for await (const piece of stream) {
    const bytes = Buffer.concat([carry, piece])
    const cuts = cutter.push(piece)
    const first = cuts[0]
    const last = cuts.at(-1)
    if (first !== undefined && last !== undefined) {
      const whole = bytes.subarray(0, last.offset + last.length - carryOffset)
      const sound = [...readIso2709(whole, { firstIndex: first.index, firstOffset: carryOffset })].flatMap((reading) =>
        isForBoth(reading) ? [reading] : []
      )
      const raw = sound.map(({ offset, length }) => whole.subarray(offset - carryOffset, offset - carryOffset + length))
      const theirs = await readWithMarc4js(Buffer.concat(raw))
      compared += sound.length
      for (const [at, { index, offset, marc }] of sound.entries()) {
        if (theirs[at] !== marc && differing.length < MAX_DIFFERING)
          differing.push({ index, offset, ours: marc, theirs: theirs[at] })
      }
    }
    carry = Buffer.from(bytes.subarray(cutter.keepFrom - carryOffset))
    carryOffset = cutter.keepFrom
  }
  return { compared, differing }
}

/** marc4js has no MARC-8, and is at a loss with records that are not as they should be. */
function isForBoth(reading: Reading): reading is RecordReading {
  return reading.ok && reading.problems.length === 0 && reading.encoding !== 'marc8'
}
