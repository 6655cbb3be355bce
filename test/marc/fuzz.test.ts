import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import {
  Iso2709Cutter,
  JsonLineCutter,
  canonicalJson,
  parseCanonical,
  readIso2709Objects,
  readerOf,
  recordWriter,
  sniffFormat,
  writeFormats
} from '@marc-migrations/marc'
import type { Reading } from '@marc-migrations/marc'

import { authorityFile } from '../bench/parse-input.ts'
import { conformanceDir } from '../support/conformance.ts'
import { mutate, randomFrom } from './mutate.ts'

/** Seconds of fuzzing; 600 for the long run. */
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 10)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
const MAX_MS_PER_100_KB = 100
const MAX_EXTRA_RSS_BYTES = 600 * 1024 * 1024
const MAX_INPUT_BYTES = 300_000

test(
  `mutated files: no hang, no record twice, none lost without a word (FUZZ_SEED=${SEED})`,
  () => {
    const inputs = inputFiles()
    const rssBefore = process.memoryUsage.rss()
    const until = performance.now() + SECONDS * 1000
    let round = 0
    for (; performance.now() < until; round++) {
      const random = randomFrom(SEED + round)
      const input = mutate(inputs[Math.floor(random() * inputs.length)] ?? Buffer.alloc(0), random)
      try {
        check(input, random)
      } catch (error) {
        throw new Error(`FUZZ_SEED=${SEED + round} FUZZ_SECONDS=0.001 finds it again, ${input.length} bytes`, {
          cause: error
        })
      }
    }
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(MAX_EXTRA_RSS_BYTES)
    console.log(`fuzz: ${round} mutated files in ${SECONDS} s, seed ${SEED}`)
  },
  SECONDS * 1000 + 60_000
)

function inputFiles(): Buffer[] {
  const fixtures = join(import.meta.dirname, '..', 'fixtures', 'marc')
  const own = readdirSync(fixtures).filter((name) => !name.endsWith('.expected'))
  const shared = conformanceDir()
  const folders =
    shared === undefined
      ? []
      : ['bib', 'authority', 'holdings', 'malformed', 'minimal'].map((name) => join(shared, 'data', 'marc', name))
  const real = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  const readable = real.filter((path) => statSync(path).size < MAX_INPUT_BYTES)
  const marc = authorityFile(20)
  const texts = [...readerOf('iso2709').push(marc)].flatMap((reading) => (reading.ok ? [reading.marc] : []))
  const written = writeFormats.map((format) => {
    const writer = recordWriter(format)
    const bytes = texts.map((text) => writer.write(text)).map((result) => (result.ok ? result.bytes : Buffer.alloc(0)))
    return Buffer.concat([Buffer.from(writer.begin), ...bytes, Buffer.from(writer.end)])
  })
  return [
    ...own.map((name) => readFileSync(join(fixtures, name))),
    ...readable.map((path) => readFileSync(path)),
    ...written,
    Buffer.from(`[${texts.join(',')}]`)
  ]
}

function check(input: Buffer, random: () => number): void {
  const readings = inTime(input, () => read(input, input.length))
  let end = 0
  readings.forEach((reading, at) => {
    expect(reading.index).toBe(at)
    expect(reading.offset).toBeGreaterThanOrEqual(end)
    end = reading.offset + reading.length
    if (reading.ok) expect(canonicalJson(parseCanonical(reading.marc))).toBe(reading.marc)
  })
  const pieceBytes = 1 + Math.floor(random() * 3000)
  expect(JSON.stringify(read(input, pieceBytes)) === JSON.stringify(readings), `pieces of ${pieceBytes} bytes`).toBe(true)
  const format = sniffFormat(input)
  if (format === 'iso2709' || format === 'jsonl') {
    const cutter = format === 'iso2709' ? new Iso2709Cutter() : new JsonLineCutter()
    expect([...cutter.push(input), ...cutter.end()]).toHaveLength(readings.length)
  }
  if (format === 'iso2709')
    expect(objectsOf(input)).toEqual(readings.map((reading) => (reading.ok ? reading.marc : reading.problem)))
}

function read(input: Buffer, pieceBytes: number): Reading[] {
  const format = sniffFormat(input)
  if (format === undefined || format === 'gzip') return []
  const reader = readerOf(format)
  const readings: Reading[] = []
  for (let at = 0; at < input.length; at += pieceBytes) readings.push(...reader.push(input.subarray(at, at + pieceBytes)))
  return [...readings, ...reader.end()]
}

function objectsOf(input: Buffer): unknown[] {
  const readings = [...readIso2709Objects(input, { firstIndex: 0, firstOffset: 0 })]
  return readings.map((reading) => (reading.ok ? canonicalJson(reading.record) : reading.problem))
}

/** CPU time, and the best of three: what else the machine does is not the reader's fault. */
function inTime<T>(input: Buffer, work: () => T): T {
  const allowedMs = MAX_MS_PER_100_KB * Math.max(1, input.length / 100_000)
  let best = Infinity
  for (let attempt = 0; ; attempt++) {
    const before = process.cpuUsage()
    const result = work()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 1000)
    if (best < allowedMs) return result
    if (attempt === 2) throw new Error(`took ${best} ms of CPU, ${allowedMs} are allowed`)
  }
}
