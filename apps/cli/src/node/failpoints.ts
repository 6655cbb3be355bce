import { setTimeout as sleep } from 'node:timers/promises'
import { MigrationError } from '@marc-migrations/domain'
import type { Environment } from '@marc-migrations/runtime'
import type { Adapters } from '../open-adapters.ts'

/** A fault at an exact point: when a method of a port is about to be called, or has given something. */
interface Failpoint {
  readonly port: string
  readonly method: string
  readonly when: 'before' | 'after'
  readonly meet: () => Promise<void> | void
}

const FORM = /^(before|after)\.(\w+)\.(\w+)=(kill|stop|wait|block|pace)(?::(\d+))?(?:@(\d+))?$/

/**
 * Lets a test end or hold this very process at an exact point of the protocol: `FAILPOINTS=before.chunks.count=stop@2,…`.
 *
 * A point is a method of a port, so flow and adapters know nothing of it. `kill` and `stop` send this process SIGKILL or
 * SIGSTOP; `wait:ms` holds one call, `block:ms` everything; `pace:ms` keeps calls that far apart, until SIGWINCH lets them go, and
 * again from the next SIGWINCH on. `@n` is the n-th call only. A call that gave null has no `after`.
 *
 * @throws {MigrationError} CONFIG_INVALID outside of tests (NODE_ENV=test), and for a point that is none
 */
export function withFailpoints(adapters: Adapters, { FAILPOINTS, NODE_ENV }: Environment): Adapters {
  if (FAILPOINTS === undefined) return adapters
  if (NODE_ENV !== 'test') throw refused('is for tests of this software, it ends processes. Unset it.')
  const { stores, objects, bus, rules, sources, ...rest } = adapters
  const points = FAILPOINTS.split(',').map(parseFailpoint)
  const known: Readonly<Record<string, object>> = { ...stores, objects, bus, rules, source: sources('import') }
  for (const { port, method } of points) {
    const methods: Readonly<Record<string, unknown>> = { ...known[port] }
    if (typeof methods[method] !== 'function') throw refused(`names ${port}.${method}, which is no method of a port.`)
  }
  const armed = <T>(port: T, name: string): T =>
    arm(
      port,
      points.filter((point) => point.port === name)
    )
  return {
    ...rest,
    stores: Object.fromEntries(
      Object.entries(stores).map(([name, port]) => [name, armed(port, name)])
    ) as Adapters['stores'],
    objects: armed(objects, 'objects'),
    bus: armed(bus, 'bus'),
    rules: armed(rules, 'rules'),
    sources: (operationType) => armed(sources(operationType), 'source')
  }
}

function arm<T>(port: T, points: readonly Failpoint[]): T {
  if (points.length === 0 || typeof port !== 'object' || port === null) return port
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      const here = points.filter((point) => point.method === name)
      if (here.length === 0 || typeof method !== 'function') return method
      return async (...args: unknown[]): Promise<unknown> => {
        for (const { when, meet } of here) if (when === 'before') await meet()
        const given: unknown = await Reflect.apply(method, target, args)
        if (given !== null) for (const { when, meet } of here) if (when === 'after') await meet()
        return given
      }
    }
  })
}

function parseFailpoint(text: string): Failpoint {
  const [, when, port = '', method = '', action, ms, nth] = FORM.exec(text) ?? []
  if (action === undefined) throw refused(`says ${text}; write for example before.chunks.count=stop@2`)
  let calls = 0
  const meet = action === 'pace' ? pace(Number(ms)) : () => act(action, Number(ms))
  return {
    port,
    method,
    when: when === 'before' ? 'before' : 'after',
    meet: () => (nth === undefined || ++calls === Number(nth) ? meet() : undefined)
  }
}

function act(action: string, ms: number): Promise<void> | void {
  if (action === 'wait') return sleep(ms)
  if (action === 'block') return block(ms)
  process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP')
  // The signal of a process to itself may take a moment: nothing happens in between.
  return sleep(action === 'kill' ? 60_000 : 100)
}

/** However many calls wait, they go on one by one; what was not used up is not made up for. */
function pace(ms: number): () => Promise<void> | void {
  let held = true
  let next = 0
  process.on('SIGWINCH', () => (held = !held))
  return () => {
    if (!held) return
    const now = performance.now()
    const at = Math.max(now, next)
    next = at + ms
    return sleep(at - now)
  }
}

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const refused = (problem: string): MigrationError => new MigrationError('CONFIG_INVALID', { FAILPOINTS: problem })
