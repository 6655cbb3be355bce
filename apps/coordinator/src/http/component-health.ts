import type { Clock } from '@marc-migrations/domain'
import type { HttpDeps } from './http-deps.ts'

const CHECK_TIMEOUT_MS = 2000
const FRESH_MS = 2000

export interface ComponentHealth {
  readonly status: 'UP' | 'DOWN'
  readonly details?: Readonly<Record<string, string>>
}

export interface Health {
  readonly status: 'UP' | 'DOWN'
  readonly components: Readonly<Record<'postgres' | 'objects' | 'broker', ComponentHealth>>
}

/**
 * Asks each component once, however many probes ask at the same time; an answer is kept for 2 s, and a component that swallows
 * the question is DOWN after 2 s.
 *
 * A broker that is away is shown DOWN and leaves the service UP: hints are a shortcut, work goes on over the table.
 */
export function healthCheck(deps: HttpDeps): () => Promise<Health> {
  let latest: { readonly at: number; readonly health: Promise<Health> } | undefined
  return () => {
    const now = deps.clock.monotonic()
    if (latest === undefined || now - latest.at > FRESH_MS) latest = { at: now, health: checkAll(deps) }
    return latest.health
  }
}

/** Whether the broker is connected, within 2 s. */
export function brokerHealth({ bus, clock }: HttpDeps): Promise<ComponentHealth> {
  return check(async () => {
    const { adapter, connected, detail } = await bus.health()
    if (!connected) throw new Error(detail ?? `${adapter} is not connected`)
  }, clock)
}

async function checkAll(deps: HttpDeps): Promise<Health> {
  const { stores, objects, clock } = deps
  const [postgres, store, broker] = await Promise.all([
    check(() => stores.ping(), clock),
    check(() => objects.check(), clock),
    brokerHealth(deps)
  ])
  const up = postgres.status === 'UP' && store.status === 'UP'
  return { status: up ? 'UP' : 'DOWN', components: { postgres, objects: store, broker } }
}

async function check(ask: () => Promise<void>, clock: Clock): Promise<ComponentHealth> {
  const inTime = new AbortController()
  const late = clock.sleep(CHECK_TIMEOUT_MS, inTime.signal).then(() => {
    throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)
  })
  late.catch(() => undefined)
  try {
    await Promise.race([ask(), late])
    return { status: 'UP' }
  } catch (error) {
    return { status: 'DOWN', details: { error: error instanceof Error ? error.message : String(error) } }
  } finally {
    inTime.abort()
  }
}
