import type { Readable } from 'node:stream'
import { fileFormats, MigrationError, type FileFormat } from '@marc-migrations/domain'
import { openRecords, type Reading } from '@marc-migrations/marc'
import { CommandFailure } from '../command-failure.ts'
import { exitCodes } from '../exit-codes.ts'
import { openInput } from '../run/input-file.ts'

/**
 * Records of a file, or of stdin for `-`, of any format and compressed or not, one after the other.
 *
 * @throws {CommandFailure} usage, when the file is missing, empty, may not be read, or is none of the formats
 */
export async function* readInput(name: string, from: FileFormat | undefined): AsyncIterable<Reading> {
  try {
    yield* openRecords(name === '-' ? process.stdin : await streamOf(name), from === undefined ? {} : { format: from })
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== 'SOURCE_UNREADABLE') throw error
    const known = fileFormats.join(', ')
    const message = `${name}: none of ${known} was recognised in its first bytes. If it is one of them, name it by --from.`
    throw new CommandFailure(exitCodes.usage, message, error)
  }
}

async function streamOf(name: string): Promise<Readable> {
  const { handle } = await openInput(name)
  return handle.createReadStream()
}
