import { randomUUID } from 'node:crypto'
import type { ChunkStore, Claim, Clock, ObjectStore, Operation, PublishStore, Stores } from '@marc-migrations/domain'
import type { Metrics } from '@marc-migrations/runtime'
import { describe, expect, test } from 'vitest'
import { measures } from '../../apps/cli/src/node/measures.ts'

const LEASE_MS = 3000
const hint = { v: 1, tenant: 'diku', operationId: '1', chunkId: '2', step: 'DATA_MAPPING', attempt: 0 } as const

describe('what goes through the measured ports', () => {
  test('is counted once it is counted in the store', async () => {
    const { chunks, noted, pass } = aMeasure()
    const claim = await claimed(chunks)
    pass(1500)
    await chunks.count(claim, { ...mapped, mapped: 7, rejected: 3 })
    expect(noted).toEqual([
      ['chunk', 'DATA_MAPPING', 'counted', 1.5],
      ['records', 'authority', 'mapped', 7],
      ['records', 'authority', 'rejected', 3]
    ])
  })

  test('is an outcome and no records when it was fenced, given back, or its lease was lost', async () => {
    const { chunks, noted, answers } = aMeasure()
    answers.count = 'fenced'
    await chunks.count(await claimed(chunks), mapped)
    await chunks.giveBack(await claimed(chunks), 'outage')
    answers.renew = false
    const lost = await claimed(chunks)
    await chunks.renew(lost, LEASE_MS)
    await chunks.renew(lost, LEASE_MS)
    expect(noted.map(([, , outcome]) => outcome)).toEqual(['fenced', 'outage', 'fenced'])
  })

  test('is not counted when the store did not answer', async () => {
    const { chunks, noted, answers } = aMeasure()
    answers.count = new Error('away')
    await expect(chunks.count(await claimed(chunks), mapped)).rejects.toThrow('away')
    expect(noted).toEqual([])
  })

  test('is in flight for as long as its lease is renewed', async () => {
    const { measure, chunks, pass } = aMeasure()
    const claim = await claimed(chunks)
    pass(2000)
    await claimed(chunks)
    await chunks.renew(claim, LEASE_MS)
    expect(measure.leaseAges()).toEqual([2, 0])
    pass(2500)
    await chunks.renew(claim, LEASE_MS)
    pass(1000)
    expect(measure.leaseAges()).toEqual([5.5])
  })

  test('is nothing without a claim', async () => {
    const { measure, chunks, answers } = aMeasure()
    answers.claim = null
    expect(await chunks.claim(hint, 'w', LEASE_MS)).toBeNull()
    expect(measure.leaseAges()).toEqual([])
  })

  test('is timed where it is a whole object', async () => {
    const { measure, metrics, noted } = aMeasure()
    const put: ObjectStore['put'] = (key) => Promise.resolve({ key, lengthBytes: 1, etag: 'e' })
    await measure.objects({ put } as ObjectStore, metrics).put('k', Buffer.from('x'))
    expect(noted).toEqual([['objectPut', 0]])
  })
})

describe('a running operation', () => {
  test('shows its progress until it is terminal', async () => {
    const operation = { status: 'DATA_MAPPING', totalRecords: 200, mappedRecords: 45, rejectedRecords: 5, savedRecords: 0 }
    const { measure, operations, demand } = aMeasure()
    operations.set('1', operation as Operation)
    await demand('1')
    const job = { tenant: 'diku', operationId: '1', dueChunks: 4 }
    expect(await measure.jobs()).toEqual([{ ...job, stage: 'DATA_MAPPING', progress: 0.25 }])
    operations.set('1', { ...operation, status: 'DATA_SAVING', savedRecords: 100 } as Operation)
    expect(await measure.jobs()).toEqual([{ ...job, stage: 'DATA_SAVING', progress: 0.5 }])
    operations.set('1', { ...operation, status: 'DATA_SAVING_COMPLETED' } as Operation)
    expect(await measure.jobs()).toEqual([])
    operations.set('1', operation as Operation)
    expect(await measure.jobs()).toEqual([])
  })

  test('that is gone is forgotten', async () => {
    const { measure, demand } = aMeasure()
    await demand('1')
    expect(await measure.jobs()).toEqual([])
  })
})

const mapped = {
  stage: 'DATA_MAPPING',
  mapped: 1,
  rejected: 0,
  entities: null,
  rejectedKey: null,
  reasonsKey: null
} as const

async function claimed(chunks: ChunkStore): Promise<Claim> {
  const claim = await chunks.claim(hint, 'w', LEASE_MS)
  if (claim === null) throw new Error('no claim')
  return claim
}

/** Measures over a store that answers what it is told to, and a clock that is moved by hand. */
function aMeasure() {
  let now = 0
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() }
  const operations = new Map<string, Operation>()
  const get = (_: string, id: string) => Promise.resolve(operations.get(id) ?? null)
  const measure = measures({ get } as Stores['operations'], clock, LEASE_MS)
  const noted: (readonly (string | number)[])[] = []
  const metrics: Metrics = {
    contentType: '',
    records: (...args) => void noted.push(['records', ...args]),
    chunk: (...args) => void noted.push(['chunk', ...args]),
    objectPut: (seconds) => void noted.push(['objectPut', seconds]),
    text: () => Promise.resolve('')
  }
  const answers: { claim?: null; renew: boolean; count: 'counted' | 'fenced' | Error } = { renew: true, count: 'counted' }
  const chunks = measure.chunks(
    {
      claim: () =>
        Promise.resolve(
          answers.claim === null
            ? null
            : ({ chunkId: randomUUID(), stage: 'DATA_MAPPING', entityType: 'authority' } as Claim)
        ),
      renew: () => Promise.resolve(answers.renew),
      giveBack: () => Promise.resolve(),
      count: () => (answers.count instanceof Error ? Promise.reject(answers.count) : Promise.resolve(answers.count)),
      waiting: () => Promise.resolve([])
    },
    metrics
  )
  const publish = measure.publish({ demand: () => Promise.resolve({ outstanding: 1, due: 4 }) } as unknown as PublishStore)
  const demand = (operationId: string) =>
    publish.demand({ tenant: 'diku', operationId, stage: 'DATA_MAPPING', armedForMs: 0 }, 200)
  return { measure, metrics, chunks, noted, answers, operations, demand, pass: (ms: number) => (now += ms) }
}
