import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { readerOf, sniffFormat } from '@marc-migrations/marc'
import type { Reading } from '@marc-migrations/marc'

import { conformanceDir } from '../support/conformance.ts'
import { skipSuite } from '../support/skips.ts'
import { readAll } from './reading-line.ts'

interface Truth {
  readonly file: string
  readonly records: number
  readonly errors: readonly unknown[]
  readonly sha256Nfc: string
  readonly recordSha256: readonly string[]
  /** Records that need a human look before FOLIO's chain is called right; null where nobody looked. */
  readonly disputed: readonly number[] | null
}

const shared = conformanceDir()
const data = shared === undefined ? undefined : join(shared, 'data', 'marc')
const MAX_DIFFERENCES = 40

describe.skipIf(data === undefined && skipSuite('MARC files against their truth', 'no conformance data', 'data'))(
  'real files of the conformance data',
  () => {
    const truths = data === undefined ? [] : readdirSync(join(data, 'truth')).map((name) => truthOf(name))
    const bytesOf = (truth: Truth) => readFileSync(join(data ?? '', truth.file))
    const listed = new Set(
      [
        ...readFileSync(join(import.meta.dirname, '..', 'reading-differences.md'), 'utf8').matchAll(/^\| (\S+\/\S+) \|/gm)
      ].map((match) => match[1] ?? '')
    )

    test('every undisputed record of every file is what FOLIO makes of it, but for the files listed with a reason', async () => {
      const differing: string[] = []
      for (const truth of truths) if (!(await isEqual(truth, bytesOf(truth)))) differing.push(truth.file)

      expect(truths).toHaveLength(743)
      expect(differing.toSorted()).toEqual([...listed].toSorted())
      expect(differing.length).toBeLessThanOrEqual(MAX_DIFFERENCES)
    })

    test('every cut of every file is one reading: indexes are gapless and bytes ascend', async () => {
      for (const truth of truths) {
        const readings = await readAll(bytesOf(truth))
        expect(readings.map(({ index }) => index)).toEqual(readings.map((_, at) => at))
        let end = 0
        for (const { offset, length } of readings) {
          expect(offset).toBeGreaterThanOrEqual(end)
          end = offset + length
        }
      }
    })

    for (const pieceBytes of [1, 7, 600, 1460]) {
      test(`pieces of ${pieceBytes} bytes give what the whole file gives, for every file`, async () => {
        for (const truth of truths) {
          const bytes = bytesOf(truth)
          const whole = JSON.stringify(await readAll(bytes))
          expect(JSON.stringify(await readAll(bytes, {}, pieceBytes)) === whole, truth.file).toBe(true)
          if (pieceBytes > 1 || bytes.length < 20_000) {
            expect(JSON.stringify(readUnbuffered(bytes, pieceBytes)) === whole, `${truth.file}, unbuffered`).toBe(true)
          }
        }
      }, 180_000)
    }

    test('records as FOLIO stores them are read without a word', async () => {
      for (const [name, count] of [
        ['marc_authority.jsonl', 107],
        ['marc_bib.jsonl', 27]
      ] as const) {
        const readings = await readAll(readFileSync(join(data ?? '', 'srs-json', name)))
        expect(readings).toHaveLength(count)
        expect(readings.filter((reading) => !reading.ok || reading.problems.length > 0)).toEqual([])
      }
    })

    function truthOf(name: string): Truth {
      return JSON.parse(readFileSync(join(data ?? '', 'truth', name), 'utf8')) as Truth
    }
  }
)

/** Records are compared in FOLIO's decomposed form, whole files in NFC, which is what we give by default. */
async function isEqual(truth: Truth, bytes: Buffer): Promise<boolean> {
  const decomposed = await readAll(bytes, { form: 'MARC8' })
  const hashes = marcOf(decomposed).map((marc) => sha256(marc).slice(0, 16))
  const disputed = new Set(truth.disputed ?? [])
  const countsMatch = hashes.length === truth.records && decomposed.length - hashes.length === truth.errors.length
  const recordsMatch = truth.recordSha256.every((hash, at) => hash === hashes[at] || disputed.has(at))
  if (!countsMatch || !recordsMatch) return false
  if (truth.recordSha256.some((hash, at) => hash !== hashes[at])) return true
  const composed = marcOf(await readAll(bytes)).map((marc) => `${marc}\n`)
  return sha256(composed.join('').normalize('NFC')) === truth.sha256Nfc
}

function readUnbuffered(bytes: Buffer, pieceBytes: number): Reading[] {
  const format = sniffFormat(bytes)
  if (format === undefined || format === 'gzip') return []
  const reader = readerOf(format)
  const readings: Reading[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) readings.push(...reader.push(bytes.subarray(at, at + pieceBytes)))
  return [...readings, ...reader.end()]
}

function marcOf(readings: readonly Reading[]): string[] {
  return readings.flatMap((reading) => (reading.ok ? [reading.marc] : []))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
