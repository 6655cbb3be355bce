import type { FileFormat } from '@marc-migrations/domain'
import { openRecords } from '@marc-migrations/marc'
import { expect, test } from 'vitest'

const MIB = 1024 * 1024
/** RUN_SLOW=1 sends 1 GiB of each. */
const SENT_MIB = process.env['RUN_SLOW'] === '1' ? 1024 : 256
const GROWTH_LIMIT_MIB = 160

const endless: readonly {
  readonly what: string
  readonly format: FileFormat
  readonly begin: string
  readonly unit: string
}[] = [
  { what: 'a field of ISO 2709', format: 'iso2709', begin: '00000nz  a2200000n  4500', unit: 'x' },
  { what: 'a text of MARCXML', format: 'marcxml', begin: '<collection><record><leader>', unit: 'x' },
  { what: 'nested elements', format: 'marcxml', begin: '<collection><record>', unit: '<x>' },
  { what: 'a JSON line', format: 'jsonl', begin: '{"leader":"00000nz  a2200000n  4500","fields":[{"001":"', unit: 'x' },
  { what: 'a text of a JSON array', format: 'json', begin: '[{"leader":"', unit: 'x' },
  { what: 'nested JSON', format: 'json', begin: '[', unit: '[' },
  { what: 'a line of MarcEdit text', format: 'mrk', begin: '=LDR  00000nz\\\\a2200000n\\\\4500\n=100  1\\$a', unit: 'x' }
]

// Made while it is read, so that it is nowhere as a whole.
test.for(endless)('$what without an end keeps memory bounded, and is told', { timeout: 240_000 }, async (one) => {
  const piece = Buffer.from(one.unit.repeat(Math.floor((64 * 1024) / one.unit.length)))
  const stream = async function* () {
    yield Buffer.from(one.begin)
    for (let sent = 0; sent < SENT_MIB * MIB; sent += piece.length) yield await Promise.resolve(piece)
  }
  const before = process.memoryUsage.rss()
  let peak = before
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5)
  let refused = 0
  for await (const reading of openRecords(stream(), { format: one.format })) {
    if (!reading.ok) refused++
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  clearInterval(watch)
  expect(refused).toBeGreaterThan(0)
  expect(Math.round((Math.max(peak, process.memoryUsage.rss()) - before) / MIB)).toBeLessThan(GROWTH_LIMIT_MIB)
})
