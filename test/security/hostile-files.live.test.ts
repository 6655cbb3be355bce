import { createGzip, gzipSync } from 'node:zlib'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeRecord, soundRecord } from '../marc/make-record.ts'
import { storesOn } from '../support/store-fixtures.ts'
import { audit } from '../system/jobs.ts'
import { aService } from './a-service.ts'
import type { Service, Shown } from './a-service.ts'

const MIB = 1024 * 1024
vi.setConfig({ testTimeout: 300_000 })

let service: Service
beforeAll(async () => {
  service = await aService({ RECORDS_CHUNK_SIZE: '20' })
  // What a first import needs for ever is no cost of the hostile ones.
  await imported('warm.xml', Buffer.from(xml('', record('warm up'))))
  await imported('warm.mrc', Buffer.concat(Array.from({ length: 500 }, (_, i) => soundRecord(`warm${i}`))))
}, 240_000)
afterAll(() => service.close())

describe('a hostile MARCXML file', () => {
  test.for([
    ['an external entity', '<!DOCTYPE c [<!ENTITY e SYSTEM "file:///etc/passwd">]>', '&e;'],
    ['an external DTD', '<!DOCTYPE c SYSTEM "http://127.0.0.1:9/evil.dtd">', 'x'],
    ['a billion laughs', `<!DOCTYPE c [${laughs()}]>`, '&l9;']
  ] as const)('with %s is one rejected record that says why, and costs no memory', async ([name, doctype, text]) => {
    const before = service.memory().peak
    const ended = await imported(`${name.replaceAll(' ', '-')}.xml`, Buffer.from(xml(doctype, record(text))))
    expect(ended).toMatchObject({ totalNumOfRecords: 1, mappedNumOfRecords: 0, rejectedNumOfRecords: 1 })
    const [reason = ''] = await reasonsOf(ended)
    expect(reason).toMatch(/DOCTYPE/)
    expect(reason).not.toMatch(/root:|lol/)
    expect(service.memory().peak - before).toBeLessThan(50 * MIB)
  })

  test('with a subfield of 100 MB is rejected for its size, its neighbours are mapped', async () => {
    const before = service.memory().peak
    const pieces = async function* () {
      yield Buffer.from(`<collection>${record('first')}<record><leader>00000nz  a2200000n  4500</leader>`)
      yield Buffer.from('<datafield tag="100" ind1="1" ind2=" "><subfield code="a">')
      for (let sent = 0; sent < 100; sent++) yield await Promise.resolve(Buffer.alloc(MIB, 'x'))
      yield Buffer.from(`</subfield></datafield></record>${record('last')}</collection>`)
    }
    const ended = await imported('giant.xml', pieces())
    expect(ended).toMatchObject({ totalNumOfRecords: 3, mappedNumOfRecords: 2, rejectedNumOfRecords: 1 })
    expect(service.memory().peak - before).toBeLessThan(300 * MIB)
  })
})

describe('a decompression bomb', () => {
  test('of 10 MB that would become 10 GB is given up early, as one rejected record', async () => {
    const before = service.memory().peak
    const member = gzipSync(Buffer.concat([soundRecord('bait'), Buffer.alloc(10 * MIB, 0x20)]))
    const members = Math.ceil((10 * MIB) / member.length)
    expect(members * 10).toBeGreaterThan(9 * 1024)
    const pieces = async function* () {
      for (let sent = 0; sent < members; sent++) yield await Promise.resolve(member)
    }
    const ended = await imported('bomb.gz', pieces())
    // Nothing but the bait was read of it: 10 GB would have had a thousand.
    expect(ended.totalNumOfRecords).toBeLessThan(20)
    expect(ended.rejectedNumOfRecords).toBe(1)
    expect(await reasonsOf(ended)).toEqual([expect.stringMatching(/200/) as string])
    expect(service.memory().peak - before).toBeLessThan(150 * MIB)
  })

  test('that hides behind honest records loses none of them', async () => {
    const honest = Array.from({ length: 300 }, (_, i) => soundRecord(`n${i}`, `Name ${i} ${Math.sin(i)}`))
    const packer = createGzip()
    const ended = await imported(
      'behind.gz',
      Readable.from([...honest, ...Array.from({ length: 64 }, () => Buffer.alloc(MIB, 0x20))]).pipe(packer)
    )
    expect(ended).toMatchObject({ mappedNumOfRecords: 300, rejectedNumOfRecords: 1 })
  })
})

describe('a damaged ISO 2709 file', () => {
  test('is counted in full: each record is mapped or rejected, none is lost, none is there twice', async () => {
    const damages: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => Buffer.concat([Buffer.from('xxxxx'), bytes.subarray(5)]),
      (bytes) => Buffer.concat([Buffer.from('99999'), bytes.subarray(5)]),
      (bytes) => Buffer.concat([Buffer.from('00000'), bytes.subarray(5)]),
      (bytes) => Buffer.concat([bytes.subarray(0, 12), Buffer.from('99999'), bytes.subarray(17)]),
      (bytes) => Buffer.concat([bytes.subarray(0, 24), Buffer.from('\x1d')]),
      () => Buffer.from('no record at all\x1d'),
      () => makeRecord([['100', Buffer.from([0x31, 0x20, 0x1f, 0x61, 0xff, 0xfe])]]),
      () =>
        makeRecord([['100', '1 $ax']], { directory: (entries) => entries.map((entry) => entry.replace(/\d{5}$/, '90000')) })
    ]
    const pieces = Array.from({ length: 200 }, (_, i) => {
      const sound = soundRecord(`n${i}`)
      return i % 5 === 0 ? (damages[(i / 5) % damages.length]?.(sound) ?? sound) : sound
    })
    const ended = await imported('damaged.mrc', Buffer.concat(pieces))
    expect(ended.totalNumOfRecords).toBe(200)
    expect(ended.mappedNumOfRecords + (ended.rejectedNumOfRecords ?? 0)).toBe(200)
    expect(ended.mappedNumOfRecords).toBeGreaterThanOrEqual(160)
    const stores = await storesOn(service.db)
    const audited = await audit({ tenant: 'diku', id: ended.id }, stores, service.objects)
    await stores.close()
    expect(audited.findings.filter(({ severity }) => severity !== 'warning')).toEqual([])
  })
})

async function imported(name: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Shown> {
  const uploaded = await service.upload('diku', name, content)
  expect(uploaded.status, await uploaded.text()).toBe(201)
  return service.run('diku', { operationType: 'import', source: { name } })
}

async function reasonsOf({ id }: Shown): Promise<readonly string[]> {
  const rows = await service.db.query<{ key: string }>(
    `select error_chunk_file_name as key from diku_mod_marc_migrations.operation_chunk_step
      where operation_id = $1 and error_chunk_file_name is not null`,
    [id]
  )
  return (await Promise.all(rows.map(({ key }) => service.lines(key)))).flat()
}

function record(name: string): string {
  return `<record><leader>00000nz  a2200000n  4500</leader><controlfield tag="001">${name}</controlfield><datafield tag="100"
    ind1="1" ind2=" "><subfield code="a">${name}</subfield></datafield></record>`
}

function xml(doctype: string, records: string): string {
  return `<?xml version="1.0"?>${doctype}<collection xmlns="http://www.loc.gov/MARC21/slim">${records}</collection>`
}

function laughs(): string {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`)
  return ['<!ENTITY l0 "lol">', ...entities].join('')
}
