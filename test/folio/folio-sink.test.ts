import { setMaxListeners } from 'node:events'
import type { BulkAnswer } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { fates, type Fate } from '../support/peer-fate.ts'
import { bulkCall, FILE, headersTo, test, TOKEN } from './folio-fixtures.ts'
import { rawServer } from './raw-server.ts'

const never = new AbortController().signal
const good = (body: unknown = { errorsNumber: '0' }) => fates.answer(201, body)
const saved = { outcome: 'answered', errors: 0, errorRecordsFileName: null, errorsFileName: null } as const

describe('a bulk call', () => {
  test.for([
    ['authority', '/authority-storage/authorities/bulk'],
    ['instance', '/instance-storage/instances/bulk']
  ] as const)('for %s is one POST with the file and the flag', async ([entityType, path], { peers, open }) => {
    peers.always(entityType, good())
    for (const publishEvents of [true, false, null]) {
      expect(await open().sink.save(bulkCall(peers.url, entityType, publishEvents), never)).toEqual({
        ...saved,
        outcomeUnknown: false
      })
    }
    expect(peers.calls.map((call) => [call.method, call.path, call.body])).toEqual([
      ['POST', path, { recordsFileName: FILE, publishEvents: true }],
      ['POST', path, { recordsFileName: FILE, publishEvents: false }],
      ['POST', path, { recordsFileName: FILE }]
    ])
  })

  test('carries the Okapi headers and the language as they came, at every try', async ({ peers, open }) => {
    peers.next('authority', fates.answer(503), good())
    const headers = { ...headersTo(peers.url), 'x-okapi-request-id': '1/a', 'accept-language': 'cs' }
    await open().sink.save({ ...bulkCall(peers.url), headers: { ...headers, cookie: 'folio=1' } }, never)
    expect(peers.calls).toHaveLength(2)
    for (const { headers: sent } of peers.calls) {
      expect(sent).toEqual({
        ...headers,
        accept: 'application/json',
        'content-type': 'application/json',
        'content-length': String(JSON.stringify({ recordsFileName: FILE, publishEvents: true }).length),
        host: new URL(peers.url).host,
        connection: 'keep-alive'
      })
    }
  })

  test('is not made for a stage that nobody asked for', async ({ peers, open }) => {
    const call = { ...bulkCall(peers.url), headers: {} }
    await expect(open().sink.save(call, never)).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' })
    expect(peers.calls).toEqual([])
  })
})

describe('an answer is read', () => {
  const names = (errorRecordsFileName: unknown, errorsFileName: unknown) => ({ errorRecordsFileName, errorsFileName })
  const cases: readonly [string, number, object, Partial<BulkAnswer>][] = [
    ['a number', 200, { errorsNumber: 2 }, { errors: 2 }],
    ['a numeric text', 201, { errorsNumber: '17' }, { errors: 17 }],
    ['nothing', 201, {}, { errors: 0 }],
    ['null', 200, { errorsNumber: null }, { errors: 0 }],
    ['another status of success', 202, { errorsNumber: 0 }, { errors: 0 }],
    [
      'names with a slash in front',
      200,
      { errorsNumber: 1, ...names('/a_failedEntities', '//a_errors') },
      { errors: 1, errorRecordsFileName: 'a_failedEntities', errorsFileName: 'a_errors' }
    ],
    [
      'names of empty files, though nothing failed',
      201,
      { errorsNumber: '0', ...names('a_failedEntities', 'a_errors') },
      { errors: 0, errorRecordsFileName: 'a_failedEntities', errorsFileName: 'a_errors' }
    ],
    ['one name only', 200, { errorsNumber: 1, ...names(null, 'a_errors') }, { errors: 1, errorsFileName: 'a_errors' }],
    ['blank names', 200, { errorsNumber: 1, ...names(' ', '/') }, { errors: 1 }]
  ]
  test.for(cases)('%s', async ([, status, body, expected], { peers, open }) => {
    peers.next('authority', fates.answer(status, body))
    const answer = await open().sink.save(bulkCall(peers.url), never)
    expect(answer).toEqual({ ...saved, outcomeUnknown: false, ...expected })
    expect(peers.calls).toHaveLength(1)
  })

  test.for<readonly [string, Fate]>([
    ['text', fates.answer(200, 'OK')],
    ['nothing', fates.answer(200, '')],
    ['a list', fates.answer(200, [])],
    ['a count that is none', good({ errorsNumber: 'many' })],
    ['a count below nothing', good({ errorsNumber: -1 })],
    ['a broken count', good({ errorsNumber: 1.5 })],
    ['more than 16 MiB', good({ errorsNumber: '0', padding: 'x'.repeat(16 * 1024 * 1024) })]
  ])('%s is no answer of a storage module, and may hide that it saved', async ([, fate], { peers, open }) => {
    peers.next('authority', fate)
    expect(await open().sink.save(bulkCall(peers.url), never)).toMatchObject({ outcome: 'refused', outcomeUnknown: true })
    expect(peers.calls).toHaveLength(1)
  })
})

describe('what comes of failures', () => {
  const busy = (status: number) => fates.answer(status, 'busy')
  const elsewhere = fates.answer(307, '', { location: 'http://127.0.0.1:9/' })
  // Fates of the tries, how many are made, and the outcome.
  const cases: readonly [
    string,
    readonly Fate[],
    number,
    Partial<Record<keyof BulkAnswer | 'status' | 'message', unknown>>
  ][] = [
    ['400', [busy(400)], 1, { outcome: 'refused', status: 400, message: 'busy', outcomeUnknown: false }],
    ['401', [busy(401)], 1, { outcome: 'refused', status: 401, outcomeUnknown: false }],
    ['404', [busy(404)], 1, { outcome: 'refused', status: 404, outcomeUnknown: false }],
    ['422', [busy(422)], 1, { outcome: 'refused', status: 422, outcomeUnknown: false }],
    ['500', [busy(500)], 1, { outcome: 'refused', status: 500, outcomeUnknown: false }],
    ['501', [fates.answer(501)], 1, { outcome: 'refused', status: 501, message: 'no text', outcomeUnknown: false }],
    ['a redirect', [elsewhere], 1, { outcome: 'refused', status: 307, outcomeUnknown: false }],
    ['429 once', [busy(429), good()], 2, { outcome: 'answered', outcomeUnknown: false }],
    ['429 always', [busy(429), busy(429), busy(429)], 3, { outcome: 'refused', status: 429, outcomeUnknown: false }],
    ['502 once', [busy(502), good()], 2, { outcome: 'answered', outcomeUnknown: true }],
    ['503 twice', [busy(503), busy(503), good()], 3, { outcome: 'answered', outcomeUnknown: true }],
    ['504 always', [busy(504), busy(504), busy(504)], 3, { outcome: 'refused', status: 504, outcomeUnknown: true }],
    ['a cut once', [fates.cutBefore, good()], 2, { outcome: 'answered', outcomeUnknown: true }],
    ['a cut answer once', [fates.cutMidway, good()], 2, { outcome: 'answered', outcomeUnknown: true }],
    ['cuts', [fates.cutAfter, fates.cutAfter, fates.cutAfter], 3, { outcome: 'silent', outcomeUnknown: true }],
    ['429, then cuts', [busy(429), fates.cutAfter, fates.cutAfter], 3, { outcome: 'silent', outcomeUnknown: true }],
    [
      'cuts, then 503',
      [fates.cutAfter, fates.cutAfter, busy(503)],
      3,
      { outcome: 'refused', status: 503, outcomeUnknown: true }
    ],
    ['a cut, then 500', [fates.cutAfter, busy(500)], 2, { outcome: 'refused', status: 500, outcomeUnknown: true }]
  ]
  test.for(cases)('%s', async ([, plan, tries, expected], { peers, open }) => {
    peers.next('authority', ...plan)
    const { sink, clock } = open()
    expect(await sink.save(bulkCall(peers.url), never)).toMatchObject(expected)
    expect(peers.calls).toHaveLength(tries)
    expect(clock.slept).toEqual([200, 400].slice(0, tries - 1))
  })

  test('silence is waited for as long as a bulk call may take, at each try', async ({ peers, open }) => {
    peers.always('authority', fates.hangAfter)
    const answer = await open({ savingCallTimeoutMs: 1_500, timeoutMs: 1 }).sink.save(bulkCall(peers.url), never)
    expect(answer).toEqual({ outcome: 'silent', outcomeUnknown: true, reason: 'no whole answer within 1500 ms' })
    expect(peers.calls).toHaveLength(3)
  })

  test('a connection that is refused has told nobody anything', async ({ open }) => {
    const { url, close } = await rawServer(() => {})
    await close()
    const { sink, clock } = open()
    const answer = await sink.save(bulkCall(url), never)
    expect(answer).toMatchObject({ outcome: 'silent', outcomeUnknown: false })
    expect(answer).toHaveProperty('reason', expect.stringMatching(/ECONNREFUSED/))
    expect(clock.slept).toEqual([200, 400])
  })

  test('a connection that never stands has told nobody anything', async ({ open }) => {
    const { url, close } = await rawServer(() => {})
    const answer = await open({ connectTimeoutMs: 300 }).sink.save(bulkCall(url.replace('http', 'https')), never)
    expect(answer).toMatchObject({ outcome: 'silent', outcomeUnknown: false })
    expect(answer).toHaveProperty('reason', expect.stringMatching(/Connect Timeout/))
    await close()
  })

  test('a connection closed right after the request was read leaves open what became of it', async ({ open }) => {
    const { url, close, connections } = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await open().sink.save(bulkCall(url), never)).toMatchObject({ outcome: 'silent', outcomeUnknown: true })
    expect(connections()).toBe(3)
    await close()
  })
})

describe('Retry-After', () => {
  test.for([
    ['seconds', '7', 7_000],
    ['none', '0', 0],
    ['a date', 'Fri, 02 Jan 2026 03:04:17 GMT', 12_000],
    ['a date that is over', 'Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['more than half a minute', '86400', 30_000],
    ['what is neither', 'soon', 200],
    ['a blank', ' ', 200]
  ] as const)('%s', async ([, retryAfter, delayMs], { peers, open }) => {
    peers.next('authority', fates.answer(429, '', { 'retry-after': retryAfter }), good())
    const { sink, clock } = open()
    expect(await sink.save(bulkCall(peers.url), never)).toMatchObject({ outcome: 'answered' })
    expect(clock.slept).toEqual([delayMs])
  })
})

describe('the abort of the signal', () => {
  const reason = new Error('lease lost')

  test('before the call lets none be made', async ({ peers, open }) => {
    await expect(open().sink.save(bulkCall(peers.url), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(peers.calls).toEqual([])
  })

  test('during the call ends it, and its connection', async ({ peers, open }) => {
    peers.always('authority', fates.hangAfter)
    const aborting = new AbortController()
    const saving = open().sink.save(bulkCall(peers.url), aborting.signal)
    await expect.poll(() => peers.calls.length, { timeout: 30_000 }).toBe(1)
    aborting.abort(reason)
    await expect(saving).rejects.toBe(reason)
    expect(peers.calls).toHaveLength(1)
  })

  test('between tries lets no other be made', async ({ peers, open }) => {
    peers.always('authority', fates.answer(503))
    const aborting = new AbortController()
    const { sink, clock } = open()
    clock.sleep = () => {
      aborting.abort(reason)
      return Promise.resolve()
    }
    await expect(sink.save(bulkCall(peers.url), aborting.signal)).rejects.toBe(reason)
    expect(peers.calls).toHaveLength(1)
  })
})

test('the token is in no answer and no log, however a peer repeats it', async ({ peers, open }) => {
  const parts = [TOKEN, ...TOKEN.split('.')]
  const echo = `token=${TOKEN} ${JSON.stringify({ header: parts[1], claims: parts[2] })}`
  const { sink, logger } = open()
  const seen: unknown[] = []
  for (const status of [400, 401, 403, 500, 503]) {
    peers.always('authority', fates.answer(status, echo))
    peers.always('read', fates.answer(status, echo))
    seen.push(await sink.save(bulkCall(peers.url), never))
    await sink.stored(bulkCall(peers.url), ['6a0f3c52-0d64-4d53-9a35-2b7f5f6f0a11'], never).catch((error: unknown) => {
      seen.push(String(error), error)
    })
  }
  peers.always('authority', fates.cutAfter)
  seen.push(await sink.save(bulkCall(peers.url), never))
  const all = `${JSON.stringify(seen)}${logger.text()}`
  expect(all).toContain('[withheld]')
  expect(logger.text()).toContain('folio.call-repeated')
  for (const part of parts) expect(all).not.toContain(part)
})

test("calls that wait are nobody else's business, and connections are kept for the next call", async ({ peers, open }) => {
  const WAITING = 40
  const { sink } = open()
  peers.next('authority', ...Array.from({ length: WAITING }, () => fates.hangBefore))
  const aborting = new AbortController()
  setMaxListeners(WAITING, aborting.signal)
  const waiting = Array.from({ length: WAITING }, () => sink.save(bulkCall(peers.url), aborting.signal))
  const ended = Promise.allSettled(waiting)
  await expect.poll(() => peers.calls.length, { timeout: 30_000 }).toBe(WAITING)
  peers.always('authority', good())
  for (let call = 0; call < 5; call++) {
    expect(await sink.save(bulkCall(peers.url), never)).toMatchObject({ outcome: 'answered' })
  }
  // The second may come before the first connection is known to be free.
  expect(peers.connections()).toBeLessThanOrEqual(WAITING + 2)
  aborting.abort(new Error('no longer needed'))
  expect((await ended).map(({ status }) => status)).toEqual(Array.from({ length: WAITING }, () => 'rejected'))
})
