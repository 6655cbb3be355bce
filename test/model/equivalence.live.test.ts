import { MigrationError } from '@marc-migrations/domain'
import type { Stores } from '@marc-migrations/domain'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { storesOn } from '../support/store-fixtures.ts'
import { differences, isUndecided } from './differences.ts'
import type { Result } from './differences.ts'
import { asSeen, MODEL_SEED } from './model-seed.ts'
import { randomState } from './random-state.ts'
import type { ModelState } from './state.ts'
import { databaseNow, plant, readState, unknownColumns } from './tables.ts'
import { VERBS } from './verbs.ts'

/** Random states on which each verb is run beside its twin. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 40)

const LOOKS_ONLY = ['waiting', 'rules', 'frozen hash', 'get', 'list nodes']

const face = (sides: number) => fc.nat(sides - 1)

/** One for all verbs: every run plants its own rows. */
let db: TestDatabase
let stores: Stores

beforeAll(async () => {
  db = await aDatabase()
  stores = await storesOn(db, 2)
})

afterAll(async () => {
  await stores.close()
  await db.close()
})

for (const verb of VERBS) {
  test(`${verb.name}: the SQL does what its twin says`, async () => {
    let changed = 0
    const property = fc.asyncProperty(fc.gen(), async (generator) => {
      const die = (sides: number) => generator(face, sides)
      const from = await databaseNow(db)
      const before = randomState(die, from)
      const call = verb.draw(die, before)
      await plant(db, before)
      const { answer } = await outcome(before, async () => ({ state: before, answer: await call.run(stores) }))
      const { state, now: until } = await readState(db)
      const low = await outcome(before, () => call.twin(before, { now: from, random: () => 0, newId: ids() }))
      const high = await outcome(before, () => call.twin(before, { now: until, random: () => 1, newId: ids() }))
      if (isUndecided(low, high)) return
      if (low.state !== before) changed++
      const seen = asSeen(`${verb.name} ${JSON.stringify(call.args)}`, { from, until, before, after: state, answer })
      expect(differences(before, low, high, { state, answer }), seen).toEqual([])
    })
    const numRuns = LOOKS_ONLY.includes(verb.name) ? Math.ceil(RUNS / 4) : RUNS
    // What is seldom allowed gets some more chances to be.
    for (let tries = 0; tries === 0 || (tries < 6 && changed === 0 && !LOOKS_ONLY.includes(verb.name)); tries++) {
      await fc.assert(property, { numRuns, endOnFailure: true, seed: MODEL_SEED + tries })
    }
    // A verb that was refused each time has shown little.
    if (!LOOKS_ONLY.includes(verb.name))
      expect(changed, `MODEL_SEED=${MODEL_SEED}: runs that changed something`).toBeGreaterThan(0)
  })
}

test('the model knows every column of its tables', async () => {
  const generators = fc.sample(fc.gen(), { numRuns: 20, seed: 1 })
  const states = generators.map((generator) => randomState((sides) => generator(face, sides), 0))
  expect(await unknownColumns(db, states)).toEqual([])
})

/** A refusal by an error is an answer like another. */
async function outcome(before: ModelState, run: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    return { state: before, answer: error.code }
  }
}

function ids(): () => string {
  let n = 0
  return () => `new-${++n}`
}
