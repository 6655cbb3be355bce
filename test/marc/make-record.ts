/** `^` stands for the field terminator, `$` for the delimiter, as in printed MARC. */
export type FieldText = readonly [tag: string, content: string | Uint8Array]

export interface RecordShape {
  readonly leader?: string
  /** Written over the directory, for records whose directory lies. */
  readonly directory?: (entries: string[]) => string[]
  /** Written over leader/00-04. */
  readonly length?: string
  /** Written over leader/12-16. */
  readonly base?: string
  readonly terminator?: string
}

const LEADER = '00000nz  a2200000n  4500'

/** Builds the bytes of one ISO 2709 record; directory, length and base address are right unless the shape says otherwise. */
export function makeRecord(fields: readonly FieldText[], shape: RecordShape = {}): Buffer {
  const contents = fields.map(([, content]) => Buffer.concat([bytesOf(content), Buffer.from([0x1e])]))
  let start = 0
  const entries = fields.map(([tag], at) => {
    const length = contents[at]?.length ?? 0
    const entry = `${tag}${String(length).padStart(4, '0')}${String(start).padStart(5, '0')}`
    start += length
    return entry
  })
  const directory = Buffer.from(`${(shape.directory?.(entries) ?? entries).join('')}\x1e`, 'latin1')
  const body = Buffer.concat([directory, ...contents, Buffer.from(shape.terminator ?? '\x1d')])
  const leader = shape.leader ?? LEADER
  const length = shape.length ?? String(24 + body.length).padStart(5, '0')
  const base = shape.base ?? String(24 + directory.length).padStart(5, '0')
  return Buffer.concat([Buffer.from(`${length}${leader.slice(5, 12)}${base}${leader.slice(17)}`, 'latin1'), body])
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content.replaceAll('$', '\x1f'), 'utf8') : content
}

/** A small sound authority record with the control number given. */
export function soundRecord(id: string, heading = 'Name'): Buffer {
  return makeRecord([
    ['001', id],
    ['003', 'DLC'],
    ['100', `1 $a${heading}`]
  ])
}
