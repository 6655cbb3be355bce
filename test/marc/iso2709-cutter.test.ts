import { expect, test } from 'vitest'

import { Iso2709Cutter, JsonLineCutter, MAX_RECORD_BYTES } from '@marc-migrations/marc'
import type { RecordCut } from '@marc-migrations/marc'

import { soundRecord } from './make-record.ts'

function cutAll(cutter: Iso2709Cutter | JsonLineCutter, bytes: Uint8Array, pieceBytes: number): RecordCut[] {
  const cuts: RecordCut[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) cuts.push(...cutter.push(bytes.subarray(at, at + pieceBytes)))
  return [...cuts, ...cutter.end()]
}

const first = soundRecord('r1')
const second = soundRecord('r2')
const bom = Buffer.from([0xef, 0xbb, 0xbf])

test('any chunking of the input gives the same cuts', () => {
  const file = Buffer.concat([
    bom,
    first,
    Buffer.from('\r\n\0 '),
    bom,
    bom,
    second,
    Buffer.from('\n'),
    first.subarray(0, 30)
  ])
  const whole = cutAll(new Iso2709Cutter(), file, file.length)

  expect(whole).toEqual([
    { index: 0, offset: 3, length: first.length },
    { index: 1, offset: 3 + first.length + 4 + 6, length: second.length },
    { index: 2, offset: 3 + first.length + 4 + 6 + second.length + 1, length: 30 }
  ])
  for (const pieceBytes of [1, 2, 3, 7, 40, 600]) expect(cutAll(new Iso2709Cutter(), file, pieceBytes)).toEqual(whole)
})

test('a cutter started at any cut goes on as the first one did', () => {
  const file = Buffer.concat([first, Buffer.from('\n'), second, first])
  const whole = cutAll(new Iso2709Cutter(), file, file.length)
  for (const cut of whole) {
    expect(cutAll(new Iso2709Cutter(cut), file.subarray(cut.offset), 11)).toEqual(whole.slice(cut.index))
  }
})

test('filler is no record, a broken BOM is one', () => {
  expect(cutAll(new Iso2709Cutter(), Buffer.from('\r\n\x1d\x1d  \0'), 1)).toEqual([])
  expect(cutAll(new Iso2709Cutter(), Buffer.from([0xef, 0xbb]), 1)).toEqual([{ index: 0, offset: 0, length: 2 }])
  expect(cutAll(new Iso2709Cutter(), Buffer.from([0xef, 0xbb, 0x31, 0x1d]), 1)).toEqual([{ index: 0, offset: 0, length: 4 }])
})

test('a record that never ends is cut at the cap, wherever the pieces end', () => {
  const file = Buffer.concat([first, Buffer.alloc(MAX_RECORD_BYTES + 10, 'x'), Buffer.from([0x1d]), second])
  const whole = cutAll(new Iso2709Cutter(), file, file.length)

  expect(whole.map(({ length }) => length)).toEqual([first.length, MAX_RECORD_BYTES, 11, second.length])
  expect(cutAll(new Iso2709Cutter(), file, 65_537)).toEqual(whole)
})

test('JSON lines are cut at line feeds, blank lines are none, the last needs no line feed', () => {
  const file = Buffer.from('{"a":1}\r\n\r\n\n{"b":2}')
  for (const pieceBytes of [1, 5, 100]) {
    expect(cutAll(new JsonLineCutter(), file, pieceBytes)).toEqual([
      { index: 0, offset: 0, length: 9 },
      { index: 1, offset: 12, length: 7 }
    ])
  }
})
