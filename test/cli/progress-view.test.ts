import { describe, expect, test } from 'vitest'
import { duration, paceMeter, progressView } from '../../apps/cli/src/run/progress-view.ts'

const operation = (total: number, mapped: number, rejected = 0) => ({
  id: 'x',
  status: 'data_mapping',
  totalNumOfRecords: total,
  mappedNumOfRecords: mapped,
  rejectedNumOfRecords: rejected
})

describe('the pace of a run', () => {
  test('is the rate of the last ten seconds, and what is left at that rate', () => {
    let now = 0
    const pace = paceMeter(() => now)
    pace(operation(0, 0))
    now = 1000
    expect(pace(operation(10_000, 900, 100))).toMatchObject({
      done: 1000,
      count: '1,000 of 10,000',
      rate: '1,000',
      left: '9 s left'
    })
    for (now = 2000; now <= 30_000; now += 1000) pace(operation(100_000, 1000 + (now - 1000) / 10))
    expect(pace(operation(100_000, 4000))).toMatchObject({ rate: '100', left: '16 min 0 s left' })
  })

  test('while the file is still being cut says so instead of guessing', () => {
    let now = 0
    const pace = paceMeter(() => now)
    now = 500
    expect(pace(operation(0, 200))).toMatchObject({ count: '200', left: 'counting' })
    now = 1000
    expect(paceMeter(() => now)(operation(100, 0))).toMatchObject({ rate: '0', left: 'time left unknown' })
  })

  test.each([
    [0.2, '1 s'],
    [59.5, '1 min 0 s'],
    [61, '1 min 1 s'],
    [7260, '2 h 1 min']
  ])('%d seconds read as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })
})

describe('where progress is shown', () => {
  const stream = (isTTY: boolean) => {
    const written: string[] = []
    return {
      written,
      out: {
        isTTY,
        columns: 100,
        write: (text: string) => written.push(text) > 0,
        on: () => {}
      } as unknown as NodeJS.WriteStream
    }
  }

  test('without a terminal nothing but plain lines is written', () => {
    const { written, out } = stream(false)
    const view = progressView(out, true)
    view.say('hello')
    for (let i = 0; i < 20; i++) view.update(operation(100, i))
    view.stop()
    expect(written).toEqual(['hello\n'])
  })

  test('with --no-progress what is said is still said', () => {
    const { written, out } = stream(true)
    const view = progressView(out, false)
    view.update(operation(100, 50))
    view.say('a worker has ended')
    view.stop()
    expect(written).toEqual(['a worker has ended\n'])
  })
})
