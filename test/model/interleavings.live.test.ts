import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verbs } from '../../libs/store/src/open-stores.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { aParty } from '../support/store-steps.ts'
import type { Party } from '../support/store-steps.ts'
import { brokenBetween, consistent } from './consistent-state.ts'
import { differences, isUndecided } from './differences.ts'
import type { Result } from './differences.ts'
import { asSeen, MODEL_SEED } from './model-seed.ts'
import { oneOf, randomState, stageOf } from './random-state.ts'
import type { Die } from './random-state.ts'
import type { At, ModelState } from './state.ts'
import { databaseNow, plant, readState } from './tables.ts'
import type { Call } from './verb.ts'
import { CHANGING } from './verbs.ts'

/** Random pairs of verbs that are led past each other. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 40) * 8

/** What these do is not one statement or transaction, or leaves the operation's lock out because nobody else is there any more. */
const ALONE = ['demand', 'reserve', 'start', 'disarm']
const PAIRED = CHANGING.filter(({ name }) => !ALONE.includes(name))

let db: TestDatabase
let one: Party
let other: Party

beforeAll(async () => {
  db = await aDatabase()
  one = await aParty(db)
  other = await aParty(db)
})

afterAll(async () => await db.close())

/** An order, or another outcome that is right, and why. */
interface Allowed {
  readonly why: string
  readonly run: (before: ModelState, at: At) => Result
}

test('two verbs at once do what one of them does after the other', async () => {
  const seen = new Map<string, number>()
  const property = fc.asyncProperty(fc.gen(), async (generator) => {
    const die = (sides: number) => generator(face, sides)
    const now = await databaseNow(db)
    const before = consistent(lively(die, randomState(die, now, die(3) === 0 ? 2 : 1)))
    const [a, b] = [aCall(die, before), aCall(die, before)]
    await plant(db, before)
    const answers = await together(die, a, b)
    const { state, now: until } = await readState(db)
    const actual: Result = { state, answer: answers.map(inOrder) }
    const outcomes = allowedOutcomes(a, b).map(({ why, run }) => {
      const low = run(before, { now, random: () => 0, newId: ids() })
      const high = run(before, { now: until, random: () => 1, newId: ids() })
      return { why, undecided: isUndecided(low, high), differs: differences(before, low, high, actual) }
    })
    const seenAs = asSeen(describe(a, b), { now, until, before, after: state, answers })
    expect(brokenBetween(before, state), seenAs).toEqual([])
    if (outcomes.some(({ undecided }) => undecided)) return
    const right = outcomes.find(({ differs }) => differs.length === 0)
    const [first] = outcomes
    expect(right === undefined ? outcomes : [], seenAs).toEqual([])
    const isSame = outcomes[1]?.differs.length === 0 && first?.differs.length === 0
    const why = isSame ? 'either order' : (right?.why ?? '')
    seen.set(why, (seen.get(why) ?? 0) + 1)
  })
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true, seed: MODEL_SEED })
  console.log(`pairs of verbs at once: ${[...seen].map(([why, times]) => `${times} ${why}`).join(', ')}`)
  // Pairs that never met have shown nothing.
  expect(seen.get('the first, then the second')).toBeGreaterThan(0)
  expect(await db.query('select deadlocks from pg_stat_database where datname = current_database()')).toEqual([
    { deadlocks: '0' }
  ])
}, 600_000)

/** Half of the operations run: most verbs meet only there. */
function lively(die: Die, state: ModelState): ModelState {
  const operations = Object.entries(state.operations).map(([id, row]) => {
    const runs: typeof row = { ...row, control: 'run', status: stageOf(row) }
    return [id, die(2) === 0 ? runs : row]
  })
  return { ...state, operations: Object.fromEntries(operations) as ModelState['operations'] }
}

function aCall(die: Die, state: ModelState): Call {
  const call = oneOf(die, PAIRED).draw(die, state)
  // Noting the silence and giving back are two statements that commit themselves.
  return call.args.includes('silent') ? aCall(() => 0, state) : call
}

/** The first comes to some point and stands there, holding what it holds; the second goes as far as it gets. */
async function together(die: Die, a: Call, b: Call): Promise<unknown[]> {
  const [first, second] = [one, other].map(({ context }) =>
    verbs(context, { signal: () => Promise.resolve(), on: () => () => {} })
  )
  if (first === undefined || second === undefined) throw new Error('no stores')
  const canWait = LATE.includes(b.name)
  other.waitForRows(canWait && die(2) === 0)
  if (die(2) === 0) {
    await one.begin()
    const answer = await a.run(first)
    const other = b.run(second)
    await hasEndedOrWaits(other)
    await one.commit()
    return [answer, await other]
  }
  const reached = one.stopBeforeStatement(1 + die(8))
  const running = a.run(first)
  await Promise.race([reached, running])
  const otherRunning = b.run(second)
  await hasEndedOrWaits(otherRunning)
  one.goOn()
  return await Promise.all([running, otherRunning])
}

async function hasEndedOrWaits(running: Promise<unknown>): Promise<void> {
  let hasEnded = false
  running.then(
    () => (hasEnded = true),
    () => (hasEnded = true)
  )
  for (let tries = 0; tries < 5000; tries++) {
    const rows = await db.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    )
    if (hasEnded || rows.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  throw new Error('neither ended nor waits')
}

/** Statements that pass over rows which another transaction holds. */
const SKIPPING = ['claim', 'mark', 'sweep', 'claim range']
/** Statements that see the operation as it was when they began, and the row below it as it is when they come to it. */
const LATE = ['claim', 'claim range']

function allowedOutcomes(a: Call, b: Call): Allowed[] {
  const allowed: Allowed[] = [
    { why: 'the first, then the second', run: inTurn(a, b, (first, second) => [first, second]) },
    { why: 'the second, then the first', run: inTurn(b, a, (second, first) => [first, second]) }
  ]
  if (SKIPPING.includes(b.name)) allowed.push({ why: 'the second passed over what the first held', run: passingOver(a, b) })
  if (LATE.includes(b.name)) allowed.push({ why: 'the second saw the operation before the first', run: seeingBefore(a, b) })
  return allowed
}

const inTurn =
  (a: Call, b: Call, answer: (a: unknown, b: unknown) => unknown[]) =>
  (before: ModelState, at: At): Result => {
    const first = a.twin(before, at)
    const second = b.twin(first.state, at)
    return { state: second.state, answer: answer(inOrder(first.answer), inOrder(second.answer)) }
  }

/** The second runs as if the chunks and ranges that the first writes were not there, before the first does. */
const passingOver =
  (a: Call, b: Call) =>
  (before: ModelState, at: At): Result => {
    const { state: alone } = a.twin(before, at)
    const without = <T>(rows: Readonly<Record<string, T>>, written: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(rows).filter(([id, row]) => written[id] === row))
    const chunks = without(before.chunks, alone.chunks)
    const ranges = without(before.ranges, alone.ranges)
    const second = b.twin({ ...before, chunks, ranges }, at)
    const whole = {
      ...second.state,
      chunks: { ...before.chunks, ...second.state.chunks },
      ranges: { ...before.ranges, ...second.state.ranges }
    }
    const first = a.twin(whole, at)
    return { state: first.state, answer: [inOrder(first.answer), inOrder(second.answer)] }
  }

const seeingBefore =
  (a: Call, b: Call) =>
  (before: ModelState, at: At): Result => {
    const first = a.twin(before, at)
    const second = b.twin({ ...first.state, operations: before.operations }, at)
    const state = { ...second.state, operations: first.state.operations }
    return { state, answer: [inOrder(first.answer), inOrder(second.answer)] }
  }

/** No statement promises the order of what it returns. */
const inOrder = (answer: unknown): unknown =>
  Array.isArray(answer) ? (answer as readonly unknown[]).map((one) => JSON.stringify(one)).sort() : (answer ?? null)

const describe = (a: Call, b: Call): string =>
  [a, b].map(({ name, args }) => `${name} ${JSON.stringify(args)}`).join('\nbeside ')

const face = (sides: number) => fc.nat(sides - 1)

function ids(): () => string {
  let n = 0
  return () => `new-${++n}`
}
