import { openRecords } from '@marc-migrations/marc'
import type { OpenOptions, Reading } from '@marc-migrations/marc'

/** Reads bytes as a stream of pieces of one size. */
export async function readAll(bytes: Uint8Array, options: OpenOptions = {}, pieceBytes = bytes.length): Promise<Reading[]> {
  const readings: Reading[] = []
  for await (const reading of openRecords(inPieces(bytes, pieceBytes), options)) readings.push(reading)
  return readings
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous, this one never has to wait
export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** A reading on one line, as the golden files have it: index, offset, length, problems, canonical text. */
export function readingLine(reading: Reading): string {
  const { index, offset, length } = reading
  if (!reading.ok) return `${index} ${offset} ${length} !${reading.problem.code}`
  const problems = reading.problems.map(({ code, tag }) => (tag === undefined ? code : `${code}:${tag}`)).join(',')
  return `${index} ${offset} ${length} ${problems || '-'} ${reading.marc}`
}
