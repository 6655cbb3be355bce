import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { openRecords } from '@marc-migrations/marc'

import { soundRecord } from './make-record.ts'
import { inPieces, readAll } from './reading-line.ts'

const ids = Array.from({ length: 2000 }, (_, at) => `r${at}`)
const file = Buffer.concat(ids.map((id) => soundRecord(id)))

function idsOf(readings: Awaited<ReturnType<typeof readAll>>): (string | undefined)[] {
  return readings.map((reading) => (reading.ok ? reading.controlNumber : reading.problem.code))
}

test('an empty file has no records', async () => {
  expect(await readAll(Buffer.alloc(0), {}, 1)).toEqual([])
  expect(await readAll(gzipSync(''))).toEqual([])
})

test('a file that is none of the formats is refused, and its stream is closed', async () => {
  let closed = false
  const stream = async function* () {
    try {
      yield* inPieces(Buffer.from('Dear colleague, please find attached. '.repeat(10_000)), 1000)
    } finally {
      closed = true
    }
  }
  const read = async () => {
    for await (const reading of openRecords(stream())) return reading
    return undefined
  }

  await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  expect(closed).toBe(true)
})

test('the format that is named wins over what the bytes look like', async () => {
  const readings = await readAll(Buffer.from('no leader here\x1d'), { format: 'iso2709' })

  expect(idsOf(readings)).toEqual(['RECORD_TOO_SHORT'])
})

test('a packed file of several members is one file', async () => {
  const packed = Buffer.concat([gzipSync(file.subarray(0, 500)), gzipSync(file.subarray(500))])

  expect(idsOf(await readAll(packed, {}, 1460))).toEqual(ids)
})

test('a packed file that is cut off gives what came before, then one error', async () => {
  const packed = gzipSync(file)
  const read = idsOf(await readAll(packed.subarray(0, packed.length - 200)))

  expect(read.at(-1)).toBe('GZIP_DAMAGED')
  expect(read.slice(0, -1)).toEqual(ids.slice(0, read.length - 1))
  expect(read.length).toBeGreaterThan(1000)
})

test('a packed file that unpacks to too much ends with one error', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024, 0x20))

  expect(idsOf(await readAll(bomb, { format: 'iso2709' }))).toEqual(['GZIP_TOO_LARGE'])
  const limited = idsOf(await readAll(gzipSync(file), { maxOutputBytes: 70_000 }))
  expect(limited.at(-1)).toBe('GZIP_TOO_LARGE')
})

test('an error of the stream itself reaches the reader after what came before it', async () => {
  const stream = async function* () {
    yield* inPieces(file.subarray(0, 5000), 1000)
    throw new Error('connection reset')
  }
  const read: (string | undefined)[] = []
  const all = async () => {
    for await (const reading of openRecords(stream())) if (reading.ok) read.push(reading.controlNumber)
  }

  await expect(all()).rejects.toThrow('connection reset')
  expect(read).toEqual(ids.slice(0, read.length))
  expect(read.length).toBeGreaterThan(50)
})

test('memory does not grow with what stands between records', async () => {
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous, this one never has to wait
  const filler = async function* () {
    yield soundRecord('first')
    for (let count = 0; count < 2000; count++) yield Buffer.alloc(64 * 1024, 0x20)
    yield soundRecord('last')
  }
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const read: unknown[] = []
  for await (const reading of openRecords(filler())) {
    read.push(reading.ok && reading.controlNumber)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }

  expect(read).toEqual(['first', 'last'])
  expect(most).toBeLessThan(64 * 1024 * 1024)
}, 60_000)

test('of several control numbers the last is kept, in every format', async () => {
  const twice =
    '"fields":[{"001":"old"},{"100":{"ind1":" ","ind2":" ","subfields":[{"a":"x"}]}},{"001":"new"},{"003":"DLC"}]'
  const files = [
    `{"leader":"00000nz  a2200000n  4500",${twice}}`,
    '<record><leader>00000nz  a2200000n  4500</leader><controlfield tag="001">old</controlfield><datafield tag="100" ind1=" " ind2=" ">' +
      '<subfield code="a">x</subfield></datafield><controlfield tag="001">new</controlfield><controlfield tag="003">DLC</controlfield></record>',
    '=LDR  00000nz\\\\a2200000n\\\\4500\n=001  old\n=100  \\\\$ax\n=001  new\n=003  DLC\n'
  ]

  for (const file of files) {
    const [reading] = await readAll(Buffer.from(file))
    expect(reading).toMatchObject({
      ok: true,
      marc: '{"leader":"00000nz  a2200000n  4500","fields":[{"001":"new"},{"003":"DLC"},{"100":{"ind1":" ","ind2":" ","subfields":[{"a":"x"}]}}]}',
      problems: [{ code: 'CONTROL_NUMBER_REPEATED' }]
    })
  }
})
