import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type { ObjectInfo, ObjectStore, ReadOptions } from '@marc-migrations/domain'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'

interface Stored {
  readonly bytes: Uint8Array
  readonly etag: string
}

type Call = <T>(what: string, apply: () => T, signal?: AbortSignal) => Promise<T>

/** Faults of ours, not of the world: what the product must never do. */
export interface ObjectFaults {
  /** Counts before the files stand. */
  readonly answersBeforeStoring?: boolean
  /** All attempts at a chunk write under one name. */
  readonly oneNamePerChunk?: boolean
}

/** A read gives pieces of this length, each a call of its own. */
const PIECE_BYTES = 300
const LATE_MS = 400

/** Objects that outlive every process. */
export class SimulatedObjects {
  private readonly stored = new Map<string, Stored>()
  private readonly network: SimulatedNetwork
  private readonly faults: ObjectFaults
  private readonly tellsHash: boolean

  constructor(network: SimulatedNetwork, tellsHash: boolean, faults: ObjectFaults) {
    this.network = network
    this.tellsHash = tellsHash
    this.faults = faults
  }

  find(key: string): Stored | undefined {
    return this.stored.get(this.nameOf(key))
  }

  put(key: string, bytes: Uint8Array): ObjectInfo {
    const etag = createHash('sha256').update(bytes).digest('hex')
    this.stored.set(this.nameOf(key), { bytes: Uint8Array.from(bytes), etag })
    return { key, lengthBytes: bytes.byteLength, etag }
  }

  /** The store as one process sees it. */
  seenBy(process: SimulatedProcess): ObjectStore {
    const call: Call = (what, apply, signal) => this.network.call(process, 'objects', what, apply, signal)
    const store = this.over(call)
    if (this.faults.answersBeforeStoring !== true) return store
    const later = (key: string, bytes: Uint8Array): Promise<ObjectInfo> => {
      void process.clock.sleep(LATE_MS).then(() => this.put(key, bytes))
      return Promise.resolve({ key, lengthBytes: bytes.byteLength, etag: '' })
    }
    return { ...store, put: later }
  }

  private nameOf(key: string): string {
    return this.faults.oneNamePerChunk === true ? key.replace(/_e\d+/, '') : key
  }

  private over(call: Call): ObjectStore {
    return {
      put: (key, bytes, signal) => call('objects.put', () => this.put(key, bytes), signal),
      putStream: async (key, pieces, signal) => {
        const all: Uint8Array[] = []
        for await (const piece of pieces) all.push(piece)
        return await call('objects.put', () => this.put(key, Buffer.concat(all)), signal)
      },
      read: (key, options = {}) => this.read(call, key, options),
      head: (key, signal) =>
        call(
          'objects.head',
          () => {
            const found = this.find(key)
            if (found === undefined) return null
            const info = { key, lengthBytes: found.bytes.byteLength, etag: found.etag }
            return this.tellsHash ? { ...info, sha256: found.etag } : info
          },
          signal
        ),
      delete: (key) =>
        call('objects.delete', () => {
          this.stored.delete(this.nameOf(key))
        }),
      check: () => call('objects.check', () => {})
    }
  }

  /** For an auditor who comes when all is done: no network in between. */
  atRest(): ObjectStore {
    return this.over((_, apply) => Promise.resolve(apply()))
  }

  private async *read(call: Call, key: string, { range, ifMatch, signal }: ReadOptions): AsyncIterable<Uint8Array> {
    const bytes = await call(
      'objects.read',
      () => {
        const found = this.find(key)
        if (found === undefined) throw new MigrationError('OBJECT_NOT_FOUND', { key })
        if (ifMatch !== undefined && ifMatch !== found.etag) throw new MigrationError('SOURCE_CHANGED', { key })
        return range === undefined ? found.bytes : found.bytes.slice(range.offset, range.offset + range.length)
      },
      signal
    )
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      if (at > 0) await call('objects.read', () => {}, signal)
      yield bytes.slice(at, at + PIECE_BYTES)
    }
  }
}
