import { describe, expect, test } from 'vitest'
import { withFailpoints } from '../../apps/cli/src/node/failpoints.ts'
import type { Adapters } from '../../apps/cli/src/open-adapters.ts'

const calls: string[] = []
const method =
  (name: string, gives: unknown = name) =>
  (): Promise<unknown> => {
    calls.push(name)
    return Promise.resolve(gives)
  }
const adapters = {
  stores: { chunks: { claim: method('claim', null), count: method('count') }, ping: method('ping') },
  objects: {},
  bus: {},
  rules: {},
  sources: () => ({ read: method('read') })
} as unknown as Adapters

interface Calls<Name extends string> {
  readonly chunks: Readonly<Record<Name, () => Promise<unknown>>>
}

const armed = (FAILPOINTS: string): Adapters => withFailpoints(adapters, { FAILPOINTS, NODE_ENV: 'test' })
describe('failpoints', () => {
  test('are refused where NODE_ENV is not test, and cost nothing where there are none', () => {
    expect(() => withFailpoints(adapters, { FAILPOINTS: 'before.chunks.count=kill' })).toThrow('CONFIG_INVALID')
    expect(() => withFailpoints(adapters, { FAILPOINTS: '', NODE_ENV: 'production' })).toThrow('Unset it')
    expect(withFailpoints(adapters, { NODE_ENV: 'production' })).toBe(adapters)
  })

  test('at a method that no port has are refused: a test must not pass because nothing happened', () => {
    expect(() => armed('before.chunks.cuont=kill')).toThrow('chunks.cuont')
    expect(() => armed('before.chunk.count=kill')).toThrow('chunk.count')
    expect(() => armed('chunks.count=kill')).toThrow('write for example')
  })

  test('hold the n-th call, and no other', async () => {
    const { chunks } = armed('before.chunks.count=wait:2000@2').stores as unknown as Calls<'count'>
    const ended: number[] = []
    const calling = [1, 2, 3].map((nth) => chunks.count().then(() => ended.push(nth)))
    await Promise.all(calling)
    expect(ended).toEqual([1, 3, 2])
    expect(calls.splice(0)).toEqual(['count', 'count', 'count'])
  })

  test('keep calls apart until a signal lets them go', async () => {
    const { chunks } = armed('before.chunks.count=pace:300').stores as unknown as Calls<'count'>
    const began = performance.now()
    await Promise.all([chunks.count(), chunks.count(), chunks.count()])
    expect(performance.now() - began).toBeGreaterThan(590)
    const held = armed('before.chunks.count=pace:3600000').stores as unknown as Calls<'count'>
    await held.chunks.count()
    process.emit('SIGWINCH')
    await Promise.all([held.chunks.count(), held.chunks.count()])
    calls.splice(0)
  })

  test('hold each call after it was made, but for one that gave null', async () => {
    const { sources, stores } = armed('after.source.read=wait:2000,after.chunks.claim=wait:2000')
    const source = sources('import') as unknown as Calls<'read'>['chunks']
    const { chunks } = stores as unknown as Calls<'claim'>
    const ended: string[] = []
    await Promise.all([source.read().then(() => ended.push('read')), chunks.claim().then(() => ended.push('claim'))])
    expect(ended).toEqual(['claim', 'read'])
    expect(calls.splice(0)).toEqual(['read', 'claim'])
  })
})
