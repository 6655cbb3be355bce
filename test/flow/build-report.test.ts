import { randomUUID } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type { FailedStep, ObjectStore, ReportBuildStore, ReportRow } from '@marc-migrations/domain'
import { buildReport } from '@marc-migrations/flow'
import { systemClock } from '@marc-migrations/runtime'
import { describe, expect, test } from 'vitest'
import { silentLogger } from '../support/silent-logger.ts'

const report = { tenant: 'diku', operationId: randomUUID() }
const BASE = `test/operation/${report.operationId}/`
const ID = '6a0f3c52-0d64-4d53-9a35-2b7f5f6f0a11'
const idle = new AbortController().signal

describe('a line of a reasons file', () => {
  for (const [what, text, rows] of [
    ['with an id', `${ID},Index 1 out of bounds`, [[ID, 'Index 1 out of bounds']]],
    ['with an id in capitals', `${ID.toUpperCase()},x`, [[ID.toUpperCase(), 'x']]],
    ['with a space behind the comma keeps it', `${ID}, version conflict`, [[ID, ' version conflict']]],
    ['with more commas', `${ID},a, b,c`, [[ID, 'a, b,c']]],
    ['without an id', 'Failed to fetch mapping metadata', [['<unknown>', 'Failed to fetch mapping metadata']]],
    ['with something else before the comma', 'null,broken', [['<unknown>', 'null,broken']]],
    ['with an id and nothing else', ID, [['<unknown>', ID]]],
    ['of letters beyond ASCII', `${ID},Dvořák 字`, [[ID, 'Dvořák 字']]]
  ] as const) {
    test(what, async () => {
      expect((await built([aStep({ file: `${text}\n` })])).rows).toEqual(rows)
    })
  }
})

describe('the lines of a file', () => {
  test('end with any line break, wherever the pieces are cut', async () => {
    const file = 'one\ntwo\r\nthree\rfour 字\r\n\r\nsix'
    const expected = ['one', 'two', 'three', 'four 字', '', 'six']
    for (const pieceBytes of [1, 2, 3, 5, 7, 100]) {
      const { rows } = await built([aStep({ file })], { pieceBytes })
      expect(rows.map(([, message]) => message)).toEqual(expected)
    }
  })

  test('are none in an empty file', async () => {
    expect(await built([aStep({ file: '' })])).toMatchObject({ rows: [], status: 'COMPLETED' })
  })

  test('come in batches that know their place', async () => {
    const file = Array.from({ length: 1234 }, (_, i) => `line ${i}`).join('\n')
    const { rows, batches } = await built([aStep({ file })])
    expect(rows.map(([, message]) => message)).toEqual(file.split('\n'))
    expect(batches).toEqual([
      [0, 500],
      [500, 500],
      [1000, 234]
    ])
  })

  test('may be longer than is kept', async () => {
    const { rows } = await built([aStep({ file: `${'x'.repeat(300_000)}\nnext` })], { pieceBytes: 1000 })
    expect(rows.map(([, message]) => message.length)).toEqual([65_536, 4])
  })
})

describe('a report', () => {
  test('says of a step without a file that there is none', async () => {
    const { rows, status } = await built([aStep({ reasonsKey: null })])
    expect(rows).toEqual([['<unknown>', 'Error file not found for chunk']])
    expect(status).toBe('COMPLETED')
  })

  test('is an ERROR where a file is missing, with the rows of all other steps', async () => {
    const steps = [
      aStep({ file: 'a' }),
      aStep({ reasonsKey: `${BASE}gone` }),
      ...Array.from({ length: 9 }, () => aStep({ file: 'b' }))
    ]
    const { rows, status } = await built(steps)
    expect(status).toBe('ERROR')
    expect(rows.map(([, message]) => message).sort()).toEqual(['a', ...'bbbbbbbbb'])
  })

  test('is left in progress while the object store is away', async () => {
    const away = new MigrationError('OBJECTS_UNAVAILABLE', {})
    const store = aStore([aStep({ file: 'a' })])
    await expect(buildReport(report, { ...store.ports, objects: throwing(away) }, 30_000, idle)).rejects.toBe(away)
    expect(store.status()).toBeUndefined()
  })

  test('is left at once by a build that was fenced', async () => {
    const store = aStore(
      Array.from({ length: 50 }, () => aStep({ file: 'a' })),
      { fencedAfter: 3 }
    )
    await buildReport(report, store.ports, 30_000, idle)
    expect(store.status()).toBeUndefined()
    expect(store.added.length).toBeLessThan(12)
  })

  test('is not built when none is in progress', async () => {
    const store = aStore([aStep({ file: 'a' })], { begins: false })
    await buildReport(report, store.ports, 30_000, idle)
    expect(store.added).toEqual([])
  })

  test('is held for as long as it is built', async () => {
    const store = aStore([aStep({ file: 'a' })])
    const slow: ObjectStore['read'] = async function* () {
      while (store.holds.length < 3) await new Promise((resolve) => setTimeout(resolve, 1))
      yield Buffer.from('late')
    }
    await buildReport(report, { ...store.ports, objects: { ...store.ports.objects, read: slow } }, 30, idle)
    expect(store.holds).toEqual([30, 30, 30])
    expect(store.status()).toBe('COMPLETED')
  })

  test('is left where it stands when the process stops', async () => {
    const stopping = new AbortController()
    const store = aStore(
      Array.from({ length: 20 }, () => aStep({ file: 'a' })),
      { onAdd: () => stopping.abort() }
    )
    await expect(buildReport(report, store.ports, 30_000, stopping.signal)).rejects.toThrow('abort')
    expect(store.status()).toBeUndefined()
  })
})

interface StepFile extends FailedStep {
  readonly file?: string
}

function aStep(step: Partial<StepFile>): StepFile {
  const chunkId = randomUUID()
  return {
    stepId: randomUUID(),
    chunkId,
    position: 0,
    stage: 'DATA_MAPPING',
    reasonsKey: `${BASE}${chunkId}_error`,
    ...step
  }
}

async function built(steps: readonly StepFile[], shape: Shape = {}) {
  const store = aStore(steps, shape)
  await buildReport(report, store.ports, 30_000, idle)
  return {
    rows: store.added.flatMap(({ rows }) => rows.map(({ recordId, message }) => [recordId, message] as const)),
    batches: store.added.map(({ firstLine, rows }) => [firstLine, rows.length]),
    status: store.status()
  }
}

interface Shape {
  readonly pieceBytes?: number
  readonly fencedAfter?: number
  readonly begins?: boolean
  readonly onAdd?: () => void
}

/** The ports in memory, and what was done with them. */
function aStore(
  steps: readonly StepFile[],
  { pieceBytes = 1 << 20, fencedAfter = Infinity, begins = true, onAdd }: Shape = {}
) {
  const added: { step: FailedStep; firstLine: number; rows: readonly ReportRow[] }[] = []
  const holds: number[] = []
  let status: string | undefined
  const reportBuilds: ReportBuildStore = {
    visit: () => Promise.resolve([report]),
    hold: (_, forMs) => Promise.resolve(void holds.push(forMs)),
    begin: () => Promise.resolve(begins ? { ...report, build: 1 } : null),
    failedSteps: async function* () {
      for (const step of steps) yield await Promise.resolve(step)
    },
    add: (_, step, firstLine, rows) => {
      onAdd?.()
      if (added.length >= fencedAfter) return Promise.resolve(false)
      added.push({ step, firstLine, rows })
      return Promise.resolve(true)
    },
    finish: (_, ended) => Promise.resolve(void (status = ended))
  }
  const read: ObjectStore['read'] = async function* (key) {
    const file = steps.find(({ reasonsKey }) => reasonsKey === key)?.file
    if (file === undefined) throw new MigrationError('OBJECT_NOT_FOUND', { key })
    const bytes = Buffer.from(file)
    for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes))
  }
  const objects = { read } as ObjectStore
  return { ports: { reportBuilds, objects, clock: systemClock, logger: silentLogger }, added, holds, status: () => status }
}

function throwing(error: Error): ObjectStore {
  const read: ObjectStore['read'] = () => {
    throw error
  }
  return { read } as ObjectStore
}
