import type { FileFormat } from '@marc-migrations/domain'
import { recordWriter, type WriteFormat } from '@marc-migrations/marc'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { readInput } from './read-input.ts'
import { recordOutput } from './record-output.ts'

export interface ConvertOptions {
  readonly from?: FileFormat
  readonly to: WriteFormat
}

/** Writes the records of all files to stdout; what cannot be read or written is a line of JSON on stderr. */
export async function convertFiles(files: readonly string[], { from, to }: ConvertOptions): Promise<ExitCode> {
  const writer = recordWriter(to)
  const out = recordOutput()
  let lost = 0
  await out.write(writer.begin)
  for (const file of files) {
    const tell = (what: object) => {
      const whose = files.length > 1 ? { file } : {}
      process.stderr.write(`${JSON.stringify({ ...what, ...whose })}\n`)
    }
    for await (const reading of readInput(file, from)) {
      const { index, offset } = reading
      const written = reading.ok ? writer.write(reading.marc) : undefined
      if (written?.ok === true) {
        await out.write(written.bytes)
        if (written.changed.length > 0)
          tell({ index, offset, warning: `characters replaced in ${written.changed.join(', ')}` })
        continue
      }
      lost++
      tell({ index, offset, error: reading.ok ? `${written?.code}: ${written?.detail}` : reading.problem.message })
    }
  }
  await out.write(writer.end)
  await out.end()
  return lost === 0 ? exitCodes.done : exitCodes.rejected
}
