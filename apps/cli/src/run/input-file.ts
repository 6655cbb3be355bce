import { open, type FileHandle } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { sniffFormat } from '@marc-migrations/marc'
import { CommandFailure } from '../command-failure.ts'
import { DEMO_BROKEN, DEMO_RECORDS, writeDemoFile, type PlantedFault } from '../demo-file/demo-file.ts'
import { exitCodes } from '../exit-codes.ts'

const HEAD_BYTES = 64 * 1024

export type Input = { readonly kind: 'given'; readonly path: string } | { readonly kind: 'made' }

/** The file a run reads. It stays open, so that rejected records are read from the very bytes that were mapped. */
export interface InputFile {
  readonly handle: FileHandle
  readonly path: string
  readonly lengthBytes: number
  /** Under which it is uploaded: letters, digits, dot, dash, underscore. */
  readonly uploadName: string
  /** Records known to be unreadable, in a file we made; undefined in one that was given. */
  readonly planted: readonly PlantedFault[] | undefined
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a directory'
}

/** @throws {CommandFailure} usage, when the file is missing, empty, no file, or may not be read */
export async function openInput(path: string): Promise<InputFile> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(exitCodes.usage, `${path}: ${WHY[error.code ?? ''] ?? error.message}.`, error)
  })
  const stats = await handle.stat()
  const problem = stats.isDirectory() ? WHY['EISDIR'] : stats.isFile() ? undefined : 'it is no file'
  if (problem !== undefined || stats.size === 0) {
    await handle.close()
    throw new CommandFailure(exitCodes.usage, `${path}: ${problem ?? 'it is empty'}.`)
  }
  return { handle, path: resolve(path), lengthBytes: stats.size, uploadName: uploadNameOf(path), planted: undefined }
}

/**
 * Looks at the first bytes, so that a letter is refused before seconds are spent on starting servers.
 *
 * @throws {CommandFailure} usage, when they are those of none of the formats
 */
export async function requireRecords({ handle, path }: InputFile): Promise<void> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
  if (sniffFormat(buffer.subarray(0, bytesRead)) !== undefined) return
  await handle.close()
  const message = `${path}: no MARC records were recognised. ISO 2709 (.mrc) and MARC-in-JSON lines are read; convert makes them.`
  throw new CommandFailure(exitCodes.usage, message)
}

/** Makes the demonstration file in a directory of ours. */
export async function makeInput(dir: string): Promise<InputFile> {
  const path = join(dir, 'demonstration.mrc')
  const { planted } = await writeDemoFile(path, { records: DEMO_RECORDS, broken: DEMO_BROKEN })
  return { ...(await openInput(path)), planted }
}

function uploadNameOf(path: string): string {
  const name = basename(path)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(-128)
  return name === '' ? 'file' : name
}
