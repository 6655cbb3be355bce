import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { describe, expect, test } from 'vitest'

import { readAll, readingLine } from './reading-line.ts'

const directory = join(import.meta.dirname, '..', 'fixtures', 'marc')
const files = readdirSync(directory).filter((name) => !name.endsWith('.expected'))

/** Each file is named after its trouble; beside it stands what a correct reader makes of it, looked at by a person. */
describe('golden files', () => {
  for (const name of files) {
    const bytes = readFileSync(join(directory, name))
    const expected = readFileSync(join(directory, `${name}.expected`), 'utf8')

    test(`${name} is read as expected, packed or not, however it is chunked`, async () => {
      expect(linesOf(await readAll(bytes))).toBe(expected)
      expect(linesOf(await readAll(gzipSync(bytes)))).toBe(expected)
      for (const pieceBytes of [1, 7, 600]) expect(linesOf(await readAll(bytes, {}, pieceBytes))).toBe(expected)
    })
  }
})

function linesOf(readings: Awaited<ReturnType<typeof readAll>>): string {
  return readings.map((reading) => `${readingLine(reading)}\n`).join('')
}
