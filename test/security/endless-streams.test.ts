import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MAX_RECORD_BYTES } from '@marc-migrations/marc'
import { expect, test } from 'vitest'
import type { EndlessStream, MemoryNeeded } from './endless-stream.ts'

const MIB = 1024 * 1024
/** RUN_SLOW=1 sends 1 GiB of each. */
const SENT_MIB = process.env['RUN_SLOW'] === '1' ? 1024 : 256
/** Small change of the engine, between one look and another. */
const SAME = MIB
/** The record under way; once more where its lines are kept beside the last one; and the text of the last, which a pattern has matched. */
const LIVE_LIMIT = 3 * MAX_RECORD_BYTES + SAME
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

test.for(endless)('$what without an end keeps memory bounded, and is told', { timeout: 400_000 }, async (stream) => {
  const { refused, live, resident } = await neededFor(stream)
  expect(refused).toBeGreaterThan(0)
  expect(live.early).toBeGreaterThan(0)
  expect(Math.max(live.early, live.late), 'live').toBeLessThan(LIVE_LIMIT)
  expect(live.late, 'live, after the first quarter').toBeLessThan(live.early + SAME)
  expect(resident, 'resident').toBeLessThan(RESIDENT_LIMIT)
})

/** In a process of its own, which runs nothing else. */
async function neededFor({ format, begin, unit }: EndlessStream): Promise<MemoryNeeded> {
  const script = join(import.meta.dirname, 'endless-stream.ts')
  const stream: EndlessStream = { format, begin, unit }
  const args = ['--expose-gc', '--import', 'tsx', script, JSON.stringify(stream), String(SENT_MIB)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as MemoryNeeded
}
