import type { BigIntStats } from 'node:fs'
import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { MigrationError, type Logger, type ObjectInfo, type ObjectStore, type ReadOptions } from '@marc-migrations/domain'
import { cleanLeftovers } from './clean-leftovers.ts'
import { fileError, isSystemError } from './file-error.ts'
import { filePlace, folderPlace } from './file-place.ts'
import { isPrefix } from './object-key.ts'
import { writeFileWhole } from './write-file-whole.ts'

const PIECE_BYTES = 256 * 1024
const CLEAN_EVERY_MS = 60 * 60 * 1000

/**
 * Objects as files below a directory, under the same keys as in S3. Any number of processes may share it, also over a network
 * file system with atomic renames.
 *
 * The etag is made of the file's identity, size and time of change, so an edit from outside changes it. A range that passes
 * the end gives what there is. An aborted signal rejects with its own reason.
 *
 * @param dir made when missing
 */
export function directoryStore({ dir, logger }: { readonly dir: string; readonly logger: Logger }): ObjectStore {
  let cleanedAt = -Infinity

  /** Leftovers are looked for when something is written, at most once an hour, and never in the way. */
  const cleanAtTimes = (): void => {
    if (performance.now() - cleanedAt < CLEAN_EVERY_MS) return
    cleanedAt = performance.now()
    void cleanLeftovers(dir, logger)
  }

  const put: ObjectStore['putStream'] = async (key, pieces, signal) => {
    const file = filePlace(dir, key)
    cleanAtTimes()
    return infoOf(key, await answering({ dir }, () => writeFileWhole(dir, file, pieces, signal)))
  }

  return {
    put: (key, bytes, signal) => put(key, once(bytes), signal),
    putStream: put,
    read: (key, options) => readPieces(dir, key, options),
    head: (key) => headOf(dir, key),
    delete: (key) =>
      answering({ dir }, () => (isPrefix(key) ? removeBelow(dir, key) : rm(filePlace(dir, key), { force: true }))),
    check: async () => {
      const probe = filePlace(dir, `check-${process.pid}`)
      await answering({ dir }, () => writeFileWhole(dir, probe, once(Buffer.alloc(4096, 1))))
      await answering({ dir }, () => rm(probe, { force: true }))
    }
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/** Others may be writing there: a folder that has got a new file is emptied once more. */
async function removeBelow(dir: string, prefix: string): Promise<void> {
  await rm(folderPlace(dir, prefix), { recursive: true, force: true, maxRetries: 3 })
}

async function headOf(dir: string, key: string): Promise<ObjectInfo | null> {
  const file = filePlace(dir, key)
  return answering({ dir }, async () => {
    try {
      return infoOf(key, await stat(file, { bigint: true }))
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return null
      throw error
    }
  })
}

async function* readPieces(dir: string, key: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
  const file = filePlace(dir, key)
  options.signal?.throwIfAborted()
  const handle = await answering({ dir, key }, () => open(file, 'r'))
  try {
    const { lengthBytes } = await requireEtag(handle, key, options.ifMatch)
    const offset = options.range?.offset ?? 0
    const end = options.range === undefined ? lengthBytes : Math.min(lengthBytes, offset + options.range.length)
    for (let position = offset; position < end;) {
      options.signal?.throwIfAborted()
      const piece = await readPiece(handle, position, Math.min(PIECE_BYTES, end - position), { dir })
      if (piece.byteLength === 0) throw new MigrationError('SOURCE_CHANGED', { key, wanted: end, had: position })
      position += piece.byteLength
      yield piece
    }
    // A file edited in place while it was read gives bytes of both; only now is it sure that it was not.
    await requireEtag(handle, key, options.ifMatch)
  } finally {
    await handle.close()
  }
}

async function readPiece(handle: FileHandle, position: number, length: number, facts: { dir: string }): Promise<Uint8Array> {
  const { buffer, bytesRead } = await answering(facts, () => handle.read(Buffer.allocUnsafe(length), 0, length, position))
  return buffer.subarray(0, bytesRead)
}

async function requireEtag(handle: FileHandle, key: string, ifMatch: string | undefined): Promise<ObjectInfo> {
  const info = infoOf(key, await handle.stat({ bigint: true }))
  if (ifMatch !== undefined && info.etag !== ifMatch) throw new MigrationError('SOURCE_CHANGED', { key })
  return info
}

function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  const etag = [stats.ino, stats.size, stats.mtimeNs].map((part) => part.toString(36)).join('-')
  return { key, lengthBytes: Number(stats.size), etag }
}

async function answering<T>(facts: { readonly dir: string; readonly key?: string }, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw fileError(error, facts)
  }
}
