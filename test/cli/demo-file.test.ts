import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readIso2709 } from '@marc-migrations/marc'
import { afterAll, describe, expect, test } from 'vitest'
import {
  DEMO_BROKEN,
  DEMO_RECORDS,
  demoRecords,
  plantedFaults,
  writeDemoFile
} from '../../apps/cli/src/demo-file/demo-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'demo-file-test-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Marc {
  readonly fields: readonly Record<string, string | { readonly subfields: readonly Record<string, string>[] }>[]
}

const read = (bytes: Uint8Array) => [...readIso2709(bytes, { firstIndex: 0, firstOffset: 0 })]
const bytesOf = (records: number, broken: number, seed = 1) => Buffer.concat([...demoRecords({ records, broken, seed })])

describe('the demonstration file', () => {
  test('has just the planted unreadable records, each way of breaking among them', () => {
    const options = { records: 2000, broken: DEMO_BROKEN }
    const planted = plantedFaults(options)
    const readings = read(bytesOf(options.records, options.broken))

    expect(readings).toHaveLength(2000)
    expect(readings.filter(({ ok }) => !ok).map(({ index }) => index)).toEqual(planted.map(({ index }) => index))
    expect(new Set(readings.flatMap((reading) => (reading.ok ? [] : [reading.problem.code])))).toEqual(
      new Set(['RECORD_TOO_SHORT', 'BASE_ADDRESS_IMPOSSIBLE', 'DIRECTORY_UNREADABLE', 'RECORD_NOT_TERMINATED'])
    )
  })

  test('has no unreadable record when none is asked for', () => {
    expect(read(bytesOf(1500, 0)).every(({ ok }) => ok)).toBe(true)
  })

  test.each([
    [1, 1],
    [3, 7],
    [10, 10],
    [0, 0]
  ])('of %i records with %i broken is as long as it says', (records, broken) => {
    expect(read(bytesOf(records, broken))).toHaveLength(records)
    expect(new Set(plantedFaults({ records, broken }).map(({ index }) => index)).size).toBe(Math.min(records, broken))
  })

  test('is the same for the same seed and another for another', () => {
    expect(bytesOf(300, 2).equals(bytesOf(300, 2))).toBe(true)
    expect(bytesOf(300, 2).equals(bytesOf(300, 2, 7))).toBe(false)
  })

  test('holds headings of many kinds, tracings, notes, and letters of many scripts, composed or not', () => {
    const texts = read(bytesOf(2000, 0)).map((reading) => (reading.ok ? reading.marc : ''))
    const tags = new Set(texts.flatMap((text) => (JSON.parse(text) as Marc).fields.flatMap((field) => Object.keys(field))))

    for (const tag of ['100', '110', '111', '130', '150', '151', '155']) {
      expect(tags).toContain(tag)
      expect(tags).toContain(`4${tag.slice(1)}`)
      expect(tags).toContain(`5${tag.slice(1)}`)
    }
    for (const tag of ['046', '370', '372', '373', '374', '375', '377', '378', '667', '670', '675', '678', '680'])
      expect(tags).toContain(tag)
    for (const script of ['Cyrillic', 'Greek', 'Hebrew', 'Arabic', 'Devanagari', 'Han', 'Hangul', 'Georgian', 'Armenian']) {
      expect(
        texts.some((text) => new RegExp(`\\p{Script=${script}}`, 'u').test(text)),
        script
      ).toBe(true)
    }
    expect(texts.some((text) => text !== text.normalize('NFC'))).toBe(true)
    expect(texts.some((text) => text.includes('Dvořák'))).toBe(true)
  })

  test('gives each record a control number of its own, and its fields in the order of their tags', () => {
    const readings = read(bytesOf(2000, 0))
    expect(new Set(readings.map((reading) => (reading.ok ? reading.controlNumber : ''))).size).toBe(2000)
    for (const reading of readings.slice(0, 50)) {
      const tags = reading.ok ? (JSON.parse(reading.marc) as Marc).fields.map((field) => Object.keys(field)[0] ?? '') : []
      expect(tags).toEqual([...tags].sort())
    }
  })

  test('is written as it was made', async () => {
    const path = join(dir, 'demo.mrc')
    const { lengthBytes, planted } = await writeDemoFile(path, { records: DEMO_RECORDS, broken: DEMO_BROKEN })
    const written = readFileSync(path)
    expect(written).toHaveLength(lengthBytes)
    expect(written.equals(bytesOf(DEMO_RECORDS, DEMO_BROKEN))).toBe(true)
    expect(planted).toHaveLength(DEMO_BROKEN)
  })
})
