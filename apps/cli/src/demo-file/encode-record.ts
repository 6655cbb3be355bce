/** A control field has a value, a data field two indicators and pairs of code and text. */
export type MadeField =
  | { readonly tag: string; readonly value: string }
  | {
      readonly tag: string
      readonly indicators: string
      readonly subfields: readonly (readonly [code: string, text: string])[]
    }

const LEADER_LENGTH = 24
const ENTRY_LENGTH = 12

export const FIELD_END = 0x1e
export const RECORD_END = 0x1d

/**
 * Writes one record of ISO 2709 in UTF-8.
 *
 * @param status leader/05 to 08, as `nz  ` for a new authority record
 */
export function encodeRecord(status: string, fields: readonly MadeField[]): Buffer {
  const bodies = fields.map((field) => Buffer.from(`${bodyOf(field)}\x1e`, 'utf8'))
  const base = LEADER_LENGTH + ENTRY_LENGTH * fields.length + 1
  const length = bodies.reduce((sum, body) => sum + body.length, base) + 1
  let start = 0
  const directory = fields.map(({ tag }, i) => {
    const size = bodies[i]?.length ?? 0
    const entry = `${tag}${digits(size, 4)}${digits(start, 5)}`
    start += size
    return entry
  })
  const head = `${digits(length, 5)}${status}a22${digits(base, 5)}n  4500${directory.join('')}\x1e`
  return Buffer.concat([Buffer.from(head, 'latin1'), ...bodies, Buffer.of(RECORD_END)], length)
}

function bodyOf(field: MadeField): string {
  if ('value' in field) return field.value
  return field.indicators + field.subfields.map(([code, text]) => `\x1f${code}${text}`).join('')
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0')
