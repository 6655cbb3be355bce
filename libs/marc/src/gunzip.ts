import { createGunzip } from 'node:zlib'
import { Readable } from 'node:stream'

import type { ProblemCode } from './problem.ts'

export interface GzipLimits {
  /** Bytes a compressed file may unpack to. */
  readonly maxOutputBytes?: number
  /** How many bytes one compressed byte may become; looked at from the first MiB of output on. MARC has about 4 to 15. */
  readonly maxRatio?: number
}

/** Ends the reading of a compressed file: what was unpacked before it has been read. */
export class GunzipError extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode, detail: string, cause?: unknown) {
    super(detail, { cause })
    this.code = code
  }
}

const DEFAULT_MAX_OUTPUT_BYTES = 128 * 1024 ** 3
const DEFAULT_MAX_RATIO = 200
const RATIO_CHECKED_FROM = 1024 ** 2

/**
 * Unpacks gzip (of several members, too) as it comes, holding a bounded part of it in memory.
 *
 * @throws {GunzipError} GZIP_DAMAGED, GZIP_TOO_LARGE; errors of the stream itself pass through
 */
export async function* gunzip(
  stream: AsyncIterable<Uint8Array>,
  limits: GzipLimits = {}
): AsyncGenerator<Uint8Array, void, undefined> {
  const { maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, maxRatio = DEFAULT_MAX_RATIO } = limits
  let inputBytes = 0
  let outputBytes = 0
  let inputError: Error | undefined
  const counted = async function* () {
    try {
      for await (const piece of stream) {
        inputBytes += piece.length
        yield piece
      }
    } catch (error) {
      inputError = error instanceof Error ? error : new Error(String(error))
      throw inputError
    }
  }
  const source = Readable.from(counted(), { objectMode: false })
  const unzip = createGunzip()
  source.on('error', (error) => unzip.destroy(error))
  try {
    for await (const piece of source.pipe(unzip) as AsyncIterable<Uint8Array>) {
      outputBytes += piece.length
      if (outputBytes > maxOutputBytes) throw new GunzipError('GZIP_TOO_LARGE', `over ${maxOutputBytes} bytes`)
      if (outputBytes > RATIO_CHECKED_FROM && outputBytes > inputBytes * maxRatio) {
        throw new GunzipError('GZIP_TOO_LARGE', `one byte becomes more than ${maxRatio}`)
      }
      yield piece
    }
  } catch (error) {
    if (error instanceof GunzipError) throw error
    if (inputError !== undefined) throw inputError
    throw new GunzipError('GZIP_DAMAGED', error instanceof Error ? error.message : String(error), error)
  } finally {
    source.destroy()
    unzip.destroy()
  }
}
