import { isObjectOf, isUploadOf } from '@marc-migrations/domain'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { soundRecord } from '../marc/make-record.ts'
import { aService } from './a-service.ts'
import type { Service } from './a-service.ts'
import { exchange } from './raw-exchange.ts'

const OTHERS = 'A NAME OF THE OTHER TENANT'
const FAILED = { status: 'data_mapping_failed', mappedNumOfRecords: 0 }

let service: Service
beforeAll(async () => {
  service = await aService({ RECORDS_CHUNK_SIZE: '1' })
}, 240_000)
afterAll(() => service.close())

describe('an id or a name that is a path', () => {
  const hostile = ['..', '.', '%2e%2e', '..%2f..%2fetc', '%00', 'a%00', '%5c..%5c', '%252e%252e%252f', 'a%2fb', '%2f']

  test('as an operation, in any place of a path, is 400 or 404', async () => {
    for (const id of hostile) {
      for (const rest of ['', '/chunks', '/events', '/error-report/errors', '/error-report/status']) {
        const head = `GET /marc-migrations/${id}${rest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Okapi-Tenant: diku\r\n\r\n`
        const raw = { method: 'GET', pieces: [Buffer.from(head)], pauseMs: 0, breaksOff: false }
        const answer = await exchange(service.process.port, raw, 60_000)
        expect([400, 404], `${id}${rest}`).toContain(answer?.status)
      }
    }
  })

  test('as a chunk id in a body is 400, before anything is looked for', async () => {
    for (const id of [...hostile, '../../../etc/passwd', 'a\0b', `${'0'.repeat(36)}`]) {
      for (const action of ['retry', 'save/retry']) {
        const path = `/marc-migrations/00000000-0000-4000-8000-000000000000/${action}`
        const answer = await service.ask('POST', path, { body: JSON.stringify([id]) })
        expect(answer.status, id).toBe(400)
      }
    }
  })

  test('as a source of an import names no file', async () => {
    for (const name of [...hostile, '../college/names.mrc', 'names.mrc\0', 'source/college/names.mrc']) {
      const body = JSON.stringify({ entityType: 'authority', operationType: 'import', source: { name } })
      const answer = await service.ask('POST', '/marc-migrations', { body })
      expect([400, 422], name).toContain(answer.status)
    }
  })
})

describe('a stored name that leads elsewhere', () => {
  test('of an uploaded file: the operation stops, nothing of it is read', async () => {
    await service.upload('college', 'theirs.mrc', soundRecord('theirs', OTHERS))
    await service.upload('diku', 'ours.mrc', soundRecord('ours'))
    const [theirs] = await service.db.query<{ object_key: string; etag: string }>(
      `select object_key, etag from college_mod_marc_migrations.source_file where name = 'theirs.mrc'`
    )
    await service.db.query(
      `update diku_mod_marc_migrations.source_file set object_key = $1, etag = $2 where name = 'ours.mrc'`,
      [theirs?.object_key, theirs?.etag]
    )
    const ended = await service.run('diku', { operationType: 'import', source: { name: 'ours.mrc' } })
    expect(ended).toMatchObject({ ...FAILED, totalNumOfRecords: 0, stopReason: expect.any(String) as string })
  })

  test('of a chunk’s records: the operation stops, nothing of it is mapped', async () => {
    await service.upload('college', 'theirs.xml', marcXml('theirs', OTHERS))
    const theirs = await service.run('college', { operationType: 'import', source: { name: 'theirs.xml' } })
    const [object] = await service.db.query<{ key: string }>(
      `select source_chunk_file_name as key from college_mod_marc_migrations.operation_chunk where operation_id = $1`,
      [theirs.id]
    )
    await service.upload('diku', 'ours.xml', marcXml('ours', 'our name'))
    await service.db.query(`create function diku_mod_marc_migrations.lead_elsewhere() returns trigger language plpgsql as
      $$ begin new.source_chunk_file_name := '${object?.key}'; return new; end $$`)
    await service.db.query(`create trigger lead_elsewhere before insert on diku_mod_marc_migrations.operation_chunk
      for each row execute function diku_mod_marc_migrations.lead_elsewhere()`)
    const ended = await service.run('diku', { operationType: 'import', source: { name: 'ours.xml' } })
    await service.db.query('drop trigger lead_elsewhere on diku_mod_marc_migrations.operation_chunk')
    expect(ended).toMatchObject({ ...FAILED, stopReason: expect.any(String) as string })
  })

  test('is told from a sound one, whatever stands before it', () => {
    const id = 'c9b7c1de-9b55-4a38-8a2d-3f0e3f0c8f10'
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', 'operation', id, 'x\0', 'source', 'diku')), (segments) => {
        const key = segments.join('/')
        const sound = segments.every((segment) => segment !== '' && !/^\.+$|\0/.test(segment))
        expect(isObjectOf(id, key)).toBe(sound && segments.at(-2) === id && segments.at(-3) === 'operation')
        expect(isUploadOf('Diku', key)).toBe(sound && segments.at(-3) === 'diku' && segments.at(-4) === 'source')
      }),
      { numRuns: 5000 }
    )
  })
})

function marcXml(id: string, name: string): Buffer {
  return Buffer.from(`<collection><record><leader>00000nz  a2200000n  4500</leader><controlfield tag="001">${id}</controlfield>
    <datafield tag="100" ind1="1" ind2=" "><subfield code="a">${name}</subfield></datafield></record></collection>`)
}
