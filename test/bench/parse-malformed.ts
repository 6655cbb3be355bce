import { makeRecord, soundRecord } from '../marc/make-record.ts'
import type { FieldText, RecordShape } from '../marc/make-record.ts'

const FIELDS: readonly FieldText[] = [
  ['001', 'bad'],
  ['100', '1 $aHeading$d1900-'],
  ['670', '  $aSource']
]

/** A file of three records, the middle one broken in one way. */
export interface BrokenFile {
  readonly defect: string
  readonly bytes: Buffer
}

/** The ways in which files of the field are broken, twenty of them. */
export function brokenFiles(): BrokenFile[] {
  const broken = (defect: string, middle: Uint8Array): BrokenFile => ({
    defect,
    bytes: Buffer.concat([soundRecord('first'), middle, soundRecord('last')])
  })
  const shaped = (defect: string, shape: RecordShape) => broken(defect, makeRecord(FIELDS, shape))
  const whole = makeRecord(FIELDS)
  const replaced = (defect: string, from: string, to: string) =>
    broken(defect, Buffer.from(whole.toString('latin1').replace(from, to), 'latin1'))
  return [
    shaped('length too short', { length: '00030' }),
    shaped('length too long', { length: '09999' }),
    shaped('length no number', { length: 'abcde' }),
    shaped('base address wrong', { base: '00030' }),
    shaped('base address no number', { base: 'x0061' }),
    shaped('base address beyond the record', { base: '99999' }),
    shaped('directory length wrong', { directory: ([a = '', b = '', c = '']) => [a, b.replace(/^(...)..../, '$10003'), c] }),
    shaped('directory offset wrong', { directory: ([a = '', b = '', c = '']) => [a, `${b.slice(0, 7)}00099`, c] }),
    shaped('directory no numbers', { directory: ([a = '', , c = '']) => [a, '100xxxxyyyyy', c] }),
    shaped('directory out of order', { directory: ([a = '', b = '', c = '']) => [a, c, b] }),
    shaped('entry too many', { directory: (entries) => [...entries, '900001000099'] }),
    shaped('entries overlap', { directory: ([a = '', b = '']) => [a, b, b, b] }),
    shaped('record terminator missing', { terminator: '' }),
    replaced('field terminator missing', 'Heading\x1fd1900-\x1e', 'Heading\x1fd1900-'),
    replaced('field terminator inside a field', 'Heading', 'Hea\x1eing'),
    replaced('bytes that are no UTF-8', 'Heading', 'H\xe9\xff\xfeng'),
    replaced('indicators missing', '1 \x1fa', '\x1fa'),
    replaced('a control character for a leader position', 'nz  a', 'n\x07  a'),
    replaced('leader/09 neither a nor blank', 'nz  a', 'nz  #'),
    broken('text between records', Buffer.from('This is no record at all, but it is long enough to be one.\x1d'))
  ]
}
