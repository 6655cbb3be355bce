import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MAX_RECORD_BYTES } from '@marc-migrations/marc'
import { describe, expect, test } from 'vitest'
import type { EndlessStream, MemoryNeeded } from './endless-stream.ts'

const MIB = 1024 * 1024
/** RUN_SLOW=1 sends 1 GiB of each. */
const SENT_MIB = process.env['RUN_SLOW'] === '1' ? 1024 : 256
/** The record under way, once more where its text or its last line is kept beside it, and the blocks on their way. */
const LIVE_LIMIT = 3 * MAX_RECORD_BYTES
/** What one look sees of the same place in a record and another does not: small change of the engine. */
const SAME = MIB
/** Garbage on top, for as long as Node lets it lie; however often a record was copied, it stays below this. */
const RESIDENT_LIMIT = 128 * MIB

const endless: readonly (EndlessStream & { readonly what: string })[] = [
  { what: 'a field of ISO 2709', format: 'iso2709', begin: '00000nz  a2200000n  4500', unit: 'x' },
  { what: 'a text of MARCXML', format: 'marcxml', begin: '<collection><record><leader>', unit: 'x' },
  { what: 'nested elements', format: 'marcxml', begin: '<collection><record>', unit: '<x>' },
  { what: 'a JSON line', format: 'jsonl', begin: '{"leader":"00000nz  a2200000n  4500","fields":[{"001":"', unit: 'x' },
  { what: 'a text of a JSON array', format: 'json', begin: '[{"leader":"', unit: 'x' },
  { what: 'nested JSON', format: 'json', begin: '[', unit: '[' },
  { what: 'a line of MarcEdit text', format: 'mrk', begin: '=LDR  00000nz\\\\a2200000n\\\\4500\n=100  1\\$a', unit: 'x' }
]

describe.for(endless)('$what without an end', { timeout: 400_000 }, (stream) => {
  test('keeps no more than three records in memory, and no more at the end than in the first quarter', async () => {
    const { live, refused } = await neededFor(stream, 'live')
    expect(refused).toBeGreaterThan(0)
    expect(live.early).toBeGreaterThan(0)
    expect(Math.max(live.early, live.late)).toBeLessThan(LIVE_LIMIT)
    expect(live.late).toBeLessThan(live.early + SAME)
  })

  test('keeps the memory of the process bounded, and is told', async () => {
    const { resident, refused } = await neededFor(stream, 'as it comes')
    expect(refused).toBeGreaterThan(0)
    expect(resident).toBeLessThan(RESIDENT_LIMIT)
  })
})

/** In a process of its own, which runs nothing else. */
async function neededFor({ format, begin, unit }: EndlessStream, mode: 'live' | 'as it comes'): Promise<MemoryNeeded> {
  const script = join(import.meta.dirname, 'endless-stream.ts')
  const stream: EndlessStream = { format, begin, unit }
  const args = ['--expose-gc', '--import', 'tsx', script, JSON.stringify(stream), String(SENT_MIB), mode]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as MemoryNeeded
}
