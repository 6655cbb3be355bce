import { basename } from 'node:path'
import type { FileFormat } from '@marc-migrations/domain'
import { validateRecords, validationMarkdown } from '@marc-migrations/marc'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { readInput } from './read-input.ts'
import { recordOutput } from './record-output.ts'

export interface ValidateFileOptions {
  readonly from?: FileFormat
  readonly json?: true
}

/** Reads a whole file and tells what a run would lose and what it would set right; nothing is started or changed. */
export async function validateFile(file: string, { from, json }: ValidateFileOptions): Promise<ExitCode> {
  const report = await validateRecords(readInput(file, from))
  const out = recordOutput()
  await out.write(json === true ? `${JSON.stringify({ file, ...report })}\n` : validationMarkdown(report, basename(file)))
  await out.end()
  return report.errors === 0 ? exitCodes.done : exitCodes.rejected
}
