import pg from 'pg'
import { afterEach, expect, vi } from 'vitest'
import { anApi, JSON_TYPE, test } from '../coordinator/api-fixture.ts'
import { soundRecord } from '../marc/make-record.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { aMappedOperation } from '../support/store-fixtures.ts'

const CANARY = 'sqlcanary'
const hostile: readonly string[] = [
  `x'; drop table ${CANARY}; --`,
  `' or '${CANARY}' = '${CANARY}`,
  `1; select pg_sleep(20) /* ${CANARY} */`,
  `0 union select '${CANARY}'`,
  `") or 1 = 1 -- ${CANARY}`,
  `$1 ${CANARY}`,
  `$$; drop table ${CANARY}; $$`,
  `\\'; ${CANARY}`,
  `E'\\x27' ${CANARY}`,
  `% _ ${CANARY}`,
  `${CANARY}\0'`
]
/** Of our API and of FOLIO's other ones, whose habits a client may bring along. */
const PARAMETERS = [
  'query',
  'offset',
  'limit',
  'entityType',
  'only',
  'summary',
  'order',
  'orderBy',
  'sortBy',
  'status',
  'totalRecords'
]
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

vi.setConfig({ testTimeout: 300_000 })
afterEach(() => vi.restoreAllMocks())

test('SQL in a parameter, an id, a body or a header is refused, ignored or bound; it is never part of a statement', async ({
  api,
  stores,
  db
}) => {
  const { id } = await aMappedOperation(stores)
  const before = await everything(db)
  const listed = (await api.ask('GET', '/marc-migrations')).text
  const said = statements()
  for (const text of hostile) {
    for (const { method, path, body } of requestsWith(text, id)) {
      const answer = await api.ask(method, path, body === undefined ? {} : { body, headers: JSON_TYPE })
      expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(500)
      if (path.startsWith('/marc-migrations?query=')) expect(answer.text).toBe(listed)
    }
  }
  expect(await everything(db)).toEqual(before)
  // A key is any text: it names one operation, and is bound.
  const importing = await anApi(stores, { settings: { importEnabled: true } })
  const source = { name: 'names.mrc', format: 'iso2709' }
  const uploaded = await importing.ask('PUT', '/marc-migrations/sources/names.mrc', { body: soundRecord('n1') })
  expect(uploaded.status, uploaded.text).toBe(201)
  for (const text of hostile.filter((each) => !each.includes('\0'))) {
    const start = () =>
      importing.post(
        '/marc-migrations',
        { entityType: 'authority', operationType: 'import', source },
        { 'idempotency-key': text }
      )
    const [first, again] = [await start(), await start()]
    expect(first.status, first.text).toBe(201)
    expect(again.json['id']).toBe(first.json['id'])
  }
  await importing.close()
  const { texts, values } = said()
  expect(texts.length).toBeGreaterThan(100)
  expect(texts.filter((sql) => sql.includes(CANARY))).toEqual([])
  expect(values.filter((value) => value.includes(CANARY)).length).toBeGreaterThan(0)
})

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: string
}

function requestsWith(text: string, id: string): readonly Asked[] {
  const inUrl = encodeURIComponent(text)
  const one = `/marc-migrations/${id}`
  const lists = [
    '/marc-migrations',
    `${one}/chunks`,
    `${one}/error-report/errors`,
    '/marc-migrations/sources',
    '/marc-migrations/nodes'
  ]
  const inIds = ['', '/chunks', '/error-report/status', '/error-report/errors'].map(
    (rest) => `/marc-migrations/${inUrl}${rest}`
  )
  const start = { entityType: 'authority', operationType: 'remapping' }
  return [
    ...lists.flatMap((path) => PARAMETERS.map((name) => ({ method: 'GET', path: `${path}?${name}=${inUrl}` }))),
    ...inIds.map((path) => ({ method: 'GET', path })),
    ...['pause', 'resume', 'cancel', 'retry-failed'].map((verb) => ({
      method: 'POST',
      path: `/marc-migrations/${inUrl}/${verb}`
    })),
    { method: 'GET', path: `/_/tenant/${inUrl}` },
    { method: 'PUT', path: `/marc-migrations/${inUrl}`, body: '{"status":"data_saving"}' },
    { method: 'PUT', path: one, body: JSON.stringify({ status: text }) },
    { method: 'POST', path: `${one}/retry`, body: JSON.stringify({ chunkIds: [text, UNKNOWN] }) },
    { method: 'POST', path: `${one}/save/retry`, body: JSON.stringify({ chunkIds: [text] }) },
    { method: 'POST', path: '/marc-migrations', body: JSON.stringify({ ...start, entityType: text }) },
    {
      method: 'POST',
      path: '/marc-migrations',
      body: JSON.stringify({ ...start, operationType: 'import', source: { name: text } })
    },
    { method: 'PUT', path: `/marc-migrations/sources/${inUrl}`, body: 'x' }
  ]
}

/** Every statement of this process from now on, and the values bound to them. */
function statements(): () => { readonly texts: readonly string[]; readonly values: readonly string[] } {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  return () => {
    const calls = spy.mock.calls as unknown as readonly (readonly [unknown, unknown])[]
    const told = calls.map(([first, second]) => {
      const config =
        typeof first === 'string' ? { text: first, values: second } : (first as { text: string; values?: unknown })
      return { text: config.text, values: JSON.stringify(config.values ?? second ?? []) }
    })
    return { texts: told.map(({ text }) => text), values: told.map(({ values }) => values) }
  }
}

/** All rows of all tables of the product but the times of who looked. */
async function everything(db: TestDatabase): Promise<unknown> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema like '%marc_migrations%' and table_name not in ('node') order by 1`
  )
  const rows: Record<string, string[]> = {}
  for (const { name } of tables) {
    rows[name] = (await db.query<{ t: string }>(`select t::text from ${name} t order by 1`)).map(({ t }) => t)
  }
  return rows
}
