/** A number in [0, 1) from a seed: the same sequence on every machine, so that a finding can be replayed. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What means something in one of the formats, and what often goes wrong. */
const HOSTILE = [
  '\x1d',
  '\x1e',
  '\x1f',
  '\x1b$1',
  '\x1b(N',
  '\0',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  '<',
  '>',
  '&',
  '<!--',
  ']]>',
  '<record>',
  '</record>',
  '\n',
  '=LDR  ',
  '$',
  '\xff',
  '\xef\xbb\xbf',
  '\xed\xa0\x80',
  '99999',
  '00000'
]

/** A copy of the input with one to eight small damages: bytes changed, cut out, doubled, moved, or something hostile put in. */
export function mutate(input: Buffer, random: () => number): Buffer {
  let bytes: Buffer = input
  for (let count = 1 + Math.floor(random() * 8); count > 0; count--) bytes = damage(bytes, random)
  return bytes
}

function damage(bytes: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * (bytes.length + 1))
  const length = Math.floor(random() ** 3 * Math.min(bytes.length - at, 2000))
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)]
  switch (Math.floor(random() * 6)) {
    case 0:
      return Buffer.concat([before, Buffer.from([Math.floor(random() * 256)]), bytes.subarray(at + 1)])
    case 1:
      return Buffer.concat([before, after])
    case 2:
      return Buffer.concat([before, middle, middle, after])
    case 3:
      return Buffer.concat([after, middle, before])
    case 4:
      return Buffer.concat([
        before,
        Buffer.from(String(Math.floor(random() * 100_000)).padStart(5, '0')),
        bytes.subarray(at + 5)
      ])
    default:
      return Buffer.concat([
        before,
        Buffer.from(HOSTILE[Math.floor(random() * HOSTILE.length)] ?? '', 'latin1'),
        bytes.subarray(at)
      ])
  }
}
