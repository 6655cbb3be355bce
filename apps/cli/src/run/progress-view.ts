import { SingleBar } from 'cli-progress'
import type { Operation } from './migration-api.ts'

const WINDOW_MS = 10_000
const LINE_EVERY_MS = 5_000

/** Where a person sees how far a run is: a bar on a terminal, a line now and then elsewhere, or nothing. */
export interface ProgressView {
  readonly update: (operation: Operation) => void
  /** A line that stays. */
  readonly say: (line: string) => void
  readonly stop: () => void
}

/** @param shown false = only what is said stays */
export function progressView(stream: NodeJS.WriteStream, shown: boolean): ProgressView {
  if (!shown) return { update: () => {}, say: (line) => stream.write(`${line}\n`), stop: () => {} }
  return stream.isTTY ? barOn(stream) : linesOn(stream)
}

function barOn(stream: NodeJS.WriteStream): ProgressView {
  const format = '  mapping {bar} {percentage} % | {count} records | {rate}/s | {left}'
  const bar = new SingleBar({
    format,
    stream,
    hideCursor: true,
    barsize: 28,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    fps: 10
  })
  const pace = paceMeter()
  let started = false
  return {
    update: (operation) => {
      const { done, total, rate, left, count } = pace(operation)
      if (!started) bar.start(Math.max(total, 1), 0, { count, rate, left })
      started = true
      bar.setTotal(Math.max(total, 1))
      bar.update(done, { count, rate, left })
    },
    say: (line) => stream.write(started ? `\r\u001b[K${line}\n` : `${line}\n`),
    stop: () => {
      if (started) bar.stop()
      started = false
    }
  }
}

function linesOn(stream: NodeJS.WriteStream): ProgressView {
  const pace = paceMeter()
  let lastAt: number | undefined
  return {
    update: (operation) => {
      const { count, rate, left } = pace(operation)
      lastAt ??= performance.now()
      if (performance.now() - lastAt < LINE_EVERY_MS) return
      lastAt = performance.now()
      stream.write(`mapping: ${count} records, ${rate}/s, ${left}\n`)
    },
    say: (line) => stream.write(`${line}\n`),
    stop: () => {}
  }
}

interface Pace {
  readonly done: number
  readonly total: number
  readonly count: string
  readonly rate: string
  readonly left: string
}

/** Rate over the last ten seconds since the first look, and what it makes of the rest. The total is not known before the file is split. */
export function paceMeter(now: () => number = () => performance.now()): (operation: Operation) => Pace {
  const seen: { at: number; done: number }[] = []
  return ({ totalNumOfRecords: total, mappedNumOfRecords, rejectedNumOfRecords = 0 }) => {
    const done = mappedNumOfRecords + rejectedNumOfRecords
    const at = now()
    seen.push({ at, done })
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > WINDOW_MS) seen.shift()
    const first = seen[0] ?? { at, done }
    const perSecond = at > first.at ? ((done - first.done) * 1000) / (at - first.at) : 0
    const left =
      total === 0 ? 'counting' : perSecond === 0 ? 'time left unknown' : `${duration((total - done) / perSecond)} left`
    const count = total === 0 ? grouped(done) : `${grouped(done)} of ${grouped(total)}`
    return { done, total, count, rate: grouped(Math.round(perSecond)), left }
  }
}

export const grouped = (count: number): string => count.toLocaleString('en-US')

/** `7 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
