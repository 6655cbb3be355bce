import { once } from 'node:events'

const BLOCK_BYTES = 64 * 1024

/** Writes to stdout in blocks, as fast as the reader takes them. */
export interface RecordOutput {
  write(text: string | Uint8Array): Promise<void>
  end(): Promise<void>
}

export function recordOutput(): RecordOutput {
  let block: Uint8Array[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    const whole = Buffer.concat(block, bytes)
    block = []
    bytes = 0
    if (whole.length > 0 && !process.stdout.write(whole)) await once(process.stdout, 'drain')
  }
  return {
    write: async (text) => {
      const piece = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
      block.push(piece)
      bytes += piece.length
      if (bytes >= BLOCK_BYTES) await flush()
    },
    end: flush
  }
}
