import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { crossCheck, readWithMarc4js, recordWriter } from '@marc-migrations/marc'

import { authorityFile } from '../bench/parse-input.ts'
import { conformanceDir } from '../support/conformance.ts'
import { skipSuite } from '../support/skips.ts'
import { makeRecord, soundRecord } from './make-record.ts'
import { inPieces, readAll } from './reading-line.ts'

const shared = conformanceDir()

test('two readers that share no line agree on well-formed records', async () => {
  const file = authorityFile(300)

  expect(await crossCheck(inPieces(file, 1460))).toEqual({ compared: 300, differing: [] })
})

test('records that ours has something to say about are not shown to the other', async () => {
  const odd = makeRecord([
    ['001', 'odd'],
    ['100', '1 $a$bx']
  ])

  expect(await crossCheck(inPieces(Buffer.concat([soundRecord('a'), odd, soundRecord('b')]), 40))).toEqual({
    compared: 2,
    differing: []
  })
})

test('both read the MARCXML that is written', async () => {
  const readings = await readAll(authorityFile(50))
  const marc = readings.flatMap((reading) => (reading.ok ? [reading.marc] : []))
  const writer = recordWriter('marcxml')
  const bytes = marc.map((text) => writer.write(text)).map((written) => (written.ok ? written.bytes : Buffer.alloc(0)))

  expect(
    await readWithMarc4js(Buffer.concat([Buffer.from(writer.begin), ...bytes, Buffer.from(writer.end)]), 'marcxml')
  ).toEqual(marc)
})

describe.skipIf(shared === undefined && skipSuite('two readers on real files', 'no conformance data', 'data'))(
  'on real files',
  () => {
    test('two readers agree on every well-formed record of the conformance data', async () => {
      const folder = join(shared ?? '', 'data', 'marc')
      let compared = 0
      for (const kind of ['authority', 'bib', 'holdings']) {
        for (const name of readdirSync(join(folder, kind)).filter((file) => file.endsWith('.mrc'))) {
          const result = await crossCheck(inPieces(readFileSync(join(folder, kind, name)), 65_536))
          expect(result.differing, name).toEqual([])
          compared += result.compared
        }
      }
      expect(compared).toBeGreaterThan(8000)
    }, 120_000)
  }
)
