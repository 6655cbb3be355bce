import { makeRecord } from '../marc/make-record.ts'
import type { FieldText } from '../marc/make-record.ts'

/**
 * Authority records like those of a national file: about 870 bytes, 16 fields, personal and corporate names, see-froms, notes,
 * Latin letters with marks and other scripts. The same records for the same count, on every machine.
 */
export function authorityFile(recordCount: number): Buffer {
  const next = seeded(20_261_120)
  return Buffer.concat(Array.from({ length: recordCount }, (_, at) => makeRecord(fieldsOf(at, next))))
}

const SURNAMES = [
  'Dvořák',
  'Толстой',
  'García Márquez',
  'Smith',
  'Ångström',
  'Παπαδόπουλος',
  '村上',
  'Łukasiewicz',
  'Brontë',
  'Müller'
]
const FORENAMES = ['Antonín', 'Лев', 'Gabriel', 'John', 'Anders Jonas', 'Ιωάννης', '春樹', 'Jan', 'Charlotte', 'Johann']
const WORDS =
  'catalogue history of the collected works and letters, with notes on sources; edited from manuscripts, title page'.split(
    ' '
  )

function fieldsOf(at: number, next: () => number): FieldText[] {
  const pick = (list: readonly string[]) => list[Math.floor(next() * list.length)] ?? ''
  const name = () => `${pick(SURNAMES)}, ${pick(FORENAMES)}`
  const phrase = (words: number) => Array.from({ length: words }, () => pick(WORDS)).join(' ')
  const id = `n ${String(80_000_000 + at)}`
  const year = 1800 + Math.floor(next() * 200)
  const fields: FieldText[] = [
    ['001', id],
    ['003', 'DLC'],
    ['005', '20240131120000.0'],
    ['008', '800815n| azannaabn          |a aaa      '],
    ['010', `  $a${id} $zn  ${70_000_000 + at}`],
    ['035', `  $a(OCoLC)oca${String(at).padStart(8, '0')}`],
    ['040', '  $aDLC$beng$erda$cDLC$dDLC$dOCoLC'],
    ['046', `  $f${year}-03-04$g${year + 70}$2edtf`],
    ['100', `1 $a${name()},$d${year}-${year + 70}`],
    ['370', `  $a${phrase(1)} (${phrase(1)})$b${phrase(2)}$2naf`],
    ['372', `  $a${phrase(1)}$a${phrase(2)}$2lcsh`],
    ['374', `  $aAuthors$a${phrase(1)}$2lcsh`],
    ['375', '  $aMales$2lcdgt']
  ]
  for (let count = Math.floor(next() * 4); count >= 0; count--)
    fields.push(['400', `1 $a${name()},$d${year}-${year + 70}$q(${phrase(2)})`])
  if (next() < 0.3) fields.push(['510', `2 $wr$iEmployer:$a${phrase(3)}$0http://example.org/names/${at}`])
  for (let count = Math.floor(next() * 3); count >= 0; count--)
    fields.push(['670', `  $aHis ${phrase(6)}, ${year}:$bt.p. (${name()}) p. 4 of cover ("${phrase(8)}")`])
  return fields
}

/** Mulberry32: small, and the same on every machine. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
