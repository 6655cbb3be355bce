import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TEMP_FOLDER } from './file-place.ts'
import { isSystemError } from './file-error.ts'

/**
 * Writes a file so that it is seen whole or not at all, also after a power cut: beside its place, flushed, then renamed, and the
 * folder flushed. What was written is gone again when the pieces fail or the signal aborts.
 *
 * @returns what the file is now; it may have been deleted again by the time one looks
 * @param dir both the temporary and the final place lie below it, on one file system
 */
export async function writeFileWhole(
  dir: string,
  file: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal?: AbortSignal
): Promise<BigIntStats> {
  const temporary = join(dir, TEMP_FOLDER, randomUUID())
  try {
    const stats = await writeFlushed(temporary, pieces, signal)
    await withFolder(dirname(file), () => rename(temporary, file))
    await flushFolder(dirname(file))
    return stats
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function writeFlushed(
  file: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined
): Promise<BigIntStats> {
  signal?.throwIfAborted()
  const handle = await withFolder(dirname(file), () => open(file, 'wx'))
  try {
    for await (const piece of pieces) {
      signal?.throwIfAborted()
      await writeAll(handle, piece)
    }
    signal?.throwIfAborted()
    await handle.sync()
    return await handle.stat({ bigint: true })
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let written = 0; written < piece.byteLength;) {
    written += (await handle.write(piece, written, piece.byteLength - written)).bytesWritten
  }
}

/** The folder is made when it is missing, not looked for each time. */
async function withFolder<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error
    await makeFolder(folder)
    return act()
  }
}

/** Each folder that was made is flushed into the one above it, or a power cut could take it with what lies in it. */
async function makeFolder(folder: string): Promise<void> {
  const topmost = await mkdir(folder, { recursive: true })
  if (topmost === undefined) return
  for (let made = folder; made.length >= topmost.length; made = dirname(made)) await flushFolder(dirname(made))
}

/** A folder that was deleted meanwhile has nothing to keep. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await openUnlessGone(folder)
  if (handle === null) return
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openUnlessGone(folder: string): Promise<FileHandle | null> {
  try {
    return await open(folder, 'r')
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return null
    throw error
  }
}
