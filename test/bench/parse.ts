import { readIso2709, readIso2709Objects, readerOf, recordWriter } from '@marc-migrations/marc'

import { authorityFile } from './parse-input.ts'
import { memoryOfReading } from './parse-memory.ts'
import { brokenFiles } from './parse-malformed.ts'
import { inTurn, printLine, round2 } from './parse-measure.ts'
import type { Work } from './parse-measure.ts'
import { peerJson, readWithPeer } from './parse-peer.ts'

const ROUNDS = 5
const PIECE_BYTES = 64 * 1024
const START = { firstIndex: 0, firstOffset: 0 }
const MB = 1024 * 1024

/** The benchmarks of reading: own readers against marc4js on the same file in the same run, one JSON line each. */
export async function run(): Promise<void> {
  const recordCount = Number(process.env['BENCH_RECORDS'] ?? 10_000)
  const file = authorityFile(recordCount)
  await compare(
    'parse-iso2709',
    recordCount,
    () => countOf(readIso2709Objects(file, START)),
    () => peer(file, 'iso2709')
  )
  await compare(
    'parse-iso2709-json',
    recordCount,
    () => charactersOf(file),
    () => readWithPeer(file, 'iso2709', peerJson)
  )
  const xml = marcXmlOf(file)
  await compare(
    'parse-marcxml',
    recordCount,
    () => readXml(xml),
    () => peer(xml, 'marcxml')
  )
  measureMalformed()
  await measureMemory(file)
}

async function compare(name: string, n: number, ours: Work, peerWork: Work): Promise<void> {
  const { perCpuSecond, ratio } = await inTurn(ours, peerWork, ROUNDS)
  printLine({ name, unit: 'records/CPU-s', value: perCpuSecond, ratio, n, rounds: ROUNDS })
}

function peer(file: Uint8Array, format: 'iso2709' | 'marcxml'): Promise<number> {
  return readWithPeer(file, format, () => undefined)
}

function countOf(readings: Iterable<{ readonly ok: boolean }>): number {
  let records = 0
  for (const reading of readings) if (reading.ok) records += 1
  return records
}

function charactersOf(file: Uint8Array): number {
  let records = 0
  let characters = 0
  for (const reading of readIso2709(file, START)) {
    if (!reading.ok) continue
    records += 1
    characters += reading.marc.length
  }
  if (characters === 0) throw new Error('nothing was read')
  return records
}

function readXml(xml: Uint8Array): number {
  const reader = readerOf('marcxml')
  let records = 0
  for (let at = 0; at < xml.length; at += PIECE_BYTES) records += countOf(reader.push(xml.subarray(at, at + PIECE_BYTES)))
  return records + countOf(reader.end())
}

function marcXmlOf(file: Uint8Array): Buffer {
  const writer = recordWriter('marcxml')
  const records = [...readIso2709(file, START)].map((reading) => (reading.ok ? writer.write(reading.marc) : undefined))
  const bytes = records.map((written) => (written?.ok === true ? written.bytes : Buffer.alloc(0)))
  return Buffer.concat([Buffer.from(writer.begin), ...bytes, Buffer.from(writer.end)])
}

/** Time and memory until each of the broken files is read; whether each defect is named and no record comes twice. */
function measureMalformed(): void {
  const files = brokenFiles()
  const results = files.map(({ defect, bytes }) => {
    const rssBefore = process.memoryUsage.rss()
    const before = process.cpuUsage()
    const readings = [...readIso2709(bytes, START)]
    const { user, system } = process.cpuUsage(before)
    const named = readings.some((reading) => !reading.ok || reading.problems.length > 0)
    const ids = readings.flatMap((reading) => (reading.ok ? [reading.controlNumber] : []))
    const extraMb = (process.memoryUsage.rss() - rssBefore) / MB
    return { defect, seconds: (user + system) / 1e6, extraMb, named, repeats: ids.length - new Set(ids).size }
  })
  printLine({
    name: 'parse-malformed',
    unit: 's',
    value: Math.max(...results.map(({ seconds }) => seconds)),
    ratio: null,
    n: files.length,
    rounds: 1,
    extraMb: round2(Math.max(...results.map(({ extraMb }) => extraMb))),
    unnamed: results.filter(({ named }) => !named).map(({ defect }) => defect),
    repeated: results.filter(({ repeats }) => repeats > 0).map(({ defect }) => defect)
  })
}

/** Memory while a file of BENCH_MB megabytes is read; flat means a slope under 5 %. */
async function measureMemory(file: Uint8Array): Promise<void> {
  const { slopePercent, ...facts } = await memoryOfReading(file, Number(process.env['BENCH_MB'] ?? 300))
  printLine({
    name: 'parse-memory',
    unit: '% growth',
    value: slopePercent,
    ratio: null,
    n: facts.records,
    rounds: 1,
    ...facts
  })
}
