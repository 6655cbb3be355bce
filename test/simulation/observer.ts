import { MigrationError } from '@marc-migrations/domain'
import type { RecordSource } from '@marc-migrations/domain'
import { attemptKey } from './history.ts'
import type { History } from './history.ts'
import type { SimulatedProcess } from './simulated-process.ts'

type Fields = Readonly<Record<string, unknown>>

/** Sees what the processes log and read, and knows the rare events by it. */
export class Observer {
  private readonly history: History

  constructor(history: History) {
    this.history = history
  }

  /** What is logged as an error is a fault of ours: whatever the world does to a process, it must know what to make of it. */
  logged(process: SimulatedProcess, level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: Fields): void {
    const { history } = this
    history.note(`${process.name} ${event} ${shortened(fields)}`)
    if (level === 'error') history.violate('log', `${process.name} ${event} ${shortened(fields)}`)
    switch (event) {
      case 'hint.stale':
        return history.saw('hint stale')
      case 'chunk.fenced':
        return history.saw(fields['lostLease'] === true ? 'lease lost' : 'count fenced')
      case 'chunk.given-back':
        if (fields['outcome'] === 'suspect') history.saw('attempt suspect')
        if (fields['err'] instanceof MigrationError && fields['err'].code === 'DEADLINE_PASSED')
          history.saw('deadline passed')
        return
      case 'worker.stops-claiming':
        return history.saw('gate closed')
      case 'rules.unavailable':
        if (fields['final'] === true) history.saw('rules unavailable')
        return
      case 'objects.buried':
        return history.saw('losers buried')
    }
  }

  /** A source that leaves a note of what each attempt read: the counted one decides what the files must hold. */
  reading(source: RecordSource): RecordSource {
    return {
      ...source,
      read: async (claim: Parameters<RecordSource['read']>[0], signal) => {
        const records = await source.read(claim, signal)
        this.history.read.set(attemptKey(claim), records)
        return records
      }
    }
  }
}

const SHOWN = ['chunkId', 'epoch', 'outcome', 'status', 'published', 'expired', 'unclaimed', 'lostLease'] as const

function shortened(fields: Fields): string {
  const shown = SHOWN.filter((name) => fields[name] !== undefined).map((name) => `${name}=${String(fields[name])}`)
  if (fields['err'] instanceof Error) shown.push(`err=${fields['err'].message}`)
  return shown.join(' ')
}
