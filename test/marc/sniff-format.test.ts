import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { sniffFormat } from '@marc-migrations/marc'

import { soundRecord } from './make-record.ts'

const bom = '\ufeff'

test.each([
  ['iso2709', soundRecord('r1')],
  ['iso2709', Buffer.concat([Buffer.from(`${bom}\r\n`), soundRecord('r1')])],
  ['iso2709', Buffer.from('00065nz')],
  ['iso2709', Buffer.concat([Buffer.from('a damaged beginning '), soundRecord('r1')])],
  ['marcxml', Buffer.from('<?xml version="1.0"?><collection/>')],
  ['marcxml', Buffer.from(`${bom}\n <record>`)],
  ['marcxml', Buffer.from(`${bom}<collection>`, 'utf16le')],
  ['marcxml', Buffer.from(`${bom}<collection>`, 'utf16le').swap16()],
  ['json', Buffer.from(' [ {"leader"')],
  ['json', Buffer.from('{\n  "leader": ""\n}')],
  ['jsonl', Buffer.from('{"leader":"","fields":[]}\n{"leader":"","fields":[]}')],
  ['jsonl', Buffer.from(`${bom}{"leader":"","fields":[{"245":`)],
  ['jsonl', Buffer.from('{"leader":"","fie\n{"leader":"","fields":[]}')],
  ['mrk', Buffer.from('=LDR  00000nam\\a2200000\\a\\4500\n')],
  ['gzip', gzipSync('anything')]
])('%s is recognised', (format, bytes) => {
  expect(sniffFormat(bytes)).toBe(format)
})

test.each([
  ['nothing', ''],
  ['blanks', ' \r\n'],
  ['a letter', 'Dear colleague, please find attached'],
  ['a table', 'id,name\n1,Dvorak\n'],
  ['a picture', '\x89PNG\r\n\x1a\n'],
  ['numbers', '12345\n67890\n']
])('%s is none of the formats', (_, text) => {
  expect(sniffFormat(Buffer.from(text, 'latin1'))).toBeUndefined()
})
