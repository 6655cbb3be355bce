/** Record ids as numbers: the first 60 bits decide where a cut falls. */
const CUT_DIGITS = 15

/**
 * Cuts the ids behind `after` into ranges of equal width; ids of UUID v4 spread evenly over them, others unevenly but
 * completely.
 *
 * @param after exclusive lower end
 * @param last greatest id there is now; what comes later falls into the last range, which has no end
 */
export function divideIds(
  after: string,
  last: string,
  parts: number
): readonly { readonly from: string; readonly to: string | null }[] {
  const low = toNumber(after)
  const width = (toNumber(last) - low) / BigInt(parts)
  if (width <= 0n) return []
  const cuts = Array.from({ length: parts - 1 }, (_, i) => toId(low + width * BigInt(i + 1)))
  const froms = [after, ...cuts]
  return froms.map((from, i) => ({ from, to: cuts[i] ?? null }))
}

function toNumber(id: string): bigint {
  return BigInt(`0x${id.replaceAll('-', '').slice(0, CUT_DIGITS)}`)
}

function toId(number: bigint): string {
  const hex = number.toString(16).padStart(CUT_DIGITS, '0').padEnd(32, '0')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
