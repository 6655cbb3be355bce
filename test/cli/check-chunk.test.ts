import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { AuditChunk } from '@marc-migrations/domain'
import { directoryStore } from '@marc-migrations/objects'
import { expect, test } from 'vitest'
import { checkChunk } from '../../apps/cli/src/verify/check-chunk.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { aDirectory } from './command.ts'

/** One record mapped, its file written; saved as told. */
async function findingsOf(saved: Pick<AuditChunk, 'stage' | 'status' | 'savedRecords'>): Promise<readonly string[]> {
  const objects = directoryStore({ dir: join(aDirectory(), 'objects'), logger: silentLogger })
  const bytes = Buffer.from('{"id":"1"}\n')
  await objects.put('entities', bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { findings } = await checkChunk(
    {
      ...{ id: 'chunk', operationId: 'operation', position: 0, recordCount: 1, mappedRecords: 1, rejectedRecords: 0 },
      ...{ epoch: 1, fileEpoch: 1, attempts: 0, open: false, leaseOwner: null, rulesHash: 'hash', rejectedKey: null },
      ...{ reasonsKey: null, window: { kind: 'ids', startRecordId: '1', endRecordId: '2' } },
      entities: { key: 'entities', lengthBytes: bytes.byteLength, sha256 },
      mappingStep: { status: 'COMPLETED', errors: 0, rejectedKey: null, reasonsKey: null },
      ...saved
    },
    objects
  )
  return findings.map(({ message }) => message)
}

test('a chunk that was mapped again keeps its share of the saving before, also when that is more than is mapped now', async () => {
  const found = await findingsOf({ stage: 'DATA_MAPPING', status: 'DATA_MAPPING_COMPLETED', savedRecords: 2 })

  expect(found).toEqual([])
})

test('a saving that saved more than was mapped is broken', async () => {
  const found = await findingsOf({ stage: 'DATA_SAVING', status: 'DATA_SAVING_COMPLETED', savedRecords: 2 })

  expect(found).toContain('2 saved of 1 mapped')
})
