import { MigrationError } from '@marc-migrations/domain'
import type { Logger, RemapEngine, RemapOutcome, RemapTask, RulesSnapshot } from '@marc-migrations/domain'
import pLimit from 'p-limit'
import { Piscina } from 'piscina'
import type { SharedRules, ThreadTask } from './remap-task.ts'

/** A chunk's records, its lines and the compiled rules take well under this; a mapper that runs away meets it. */
const THREAD_HEAP_MB = 512

export interface MappingThreads extends RemapEngine {
  close(): Promise<void>
}

/**
 * The remap engine over worker threads, so that heartbeats, leases and health never wait for mapping.
 *
 * @param entry file a thread starts with; it exports `remapTask`
 */
export function mappingThreads(options: {
  readonly threads: number
  readonly entry: URL
  readonly logger: Logger
}): MappingThreads {
  const pool = new Piscina<ThreadTask, RemapOutcome>({
    filename: options.entry.href,
    name: 'remapTask',
    minThreads: options.threads,
    maxThreads: options.threads,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB }
  })
  pool.on('error', (err: unknown) => options.logger.error({ err }, 'mapping-thread.error'))
  const threads = pLimit(options.threads)
  const shared = new WeakMap<RulesSnapshot, SharedRules>()

  return {
    remap: async (task, deadlineMs, dropped) => {
      const asked = performance.now()
      return await untilDropped(
        threads(() => {
          dropped.throwIfAborted()
          // Whoever hung before it is suspect, not the chunk that waited.
          if (performance.now() - asked >= deadlineMs) throw new DOMException('no thread came free in time', 'TimeoutError')
          return onThread(task, deadlineMs)
        }),
        dropped
      )
    },
    close: () => pool.destroy()
  }

  /** A thread is free. */
  async function onThread(task: RemapTask, deadlineMs: number): Promise<RemapOutcome> {
    const deadline = AbortSignal.timeout(deadlineMs)
    const threadTask: ThreadTask = { ...task, rules: task.rules === null ? null : share(task.rules) }
    const transferList = task.records.kind === 'file' ? [task.records.bytes.buffer as ArrayBuffer] : []
    try {
      return await pool.run(threadTask, { signal: deadline, transferList })
    } catch (error) {
      if (error instanceof MigrationError) throw error
      if (deadline.aborted) throw new MigrationError('DEADLINE_PASSED', { deadlineMs }, error)
      throw new MigrationError('MAPPER_CRASHED', { message: error instanceof Error ? error.message : String(error) }, error)
    }
  }

  function share(snapshot: RulesSnapshot): SharedRules {
    const found = shared.get(snapshot)
    if (found !== undefined) return found
    const made = { hash: snapshot.hash, rules: toShared(snapshot.rules), params: toShared(snapshot.params) }
    shared.set(snapshot, made)
    return made
  }
}

/** A thread sees no signal: its result is dropped when the work is no longer ours. */
async function untilDropped<T>(work: Promise<T>, dropped: AbortSignal): Promise<T> {
  let drop = (): void => {}
  const gone = new Promise<never>((_, reject) => {
    drop = () => reject(new MigrationError('LEASE_LOST', {}))
    if (dropped.aborted) drop()
    else dropped.addEventListener('abort', drop, { once: true })
  })
  try {
    return await Promise.race([work, gone])
  } finally {
    dropped.removeEventListener('abort', drop)
    work.catch(() => {})
  }
}

function toShared(text: string): SharedArrayBuffer {
  const bytes = Buffer.from(text, 'utf8')
  const buffer = new SharedArrayBuffer(bytes.byteLength)
  new Uint8Array(buffer).set(bytes)
  return buffer
}
