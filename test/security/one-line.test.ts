import type { Claim } from '@marc-migrations/domain'
import { remapRecords } from '@marc-migrations/flow'
import { compileMapping, defaultRules, rejectUnmapped } from '@marc-migrations/mapping'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** Everything that some reader of lines somewhere takes for the end of one. */
const BREAKS = ['\n', '\r', '\r\n', '\u2028', '\u2029', '\u0085', '\v', '\f', '\0', '\u001b[2J', '\u001c', '\u001e']
const anyText = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...BREAKS)), { maxLength: 8 })
  .map((parts) => parts.join(''))
const mapping = compileMapping({ entityType: 'authority', ...defaultRules.authority })
const place = { index: 0, offset: 0, length: 1 }

/** Lines as the storage modules and Node read them; U+2028 and U+2029 end no line of ours, but a JSON text may hold them. */
const linesOf = (bytes: Uint8Array): string[] =>
  Buffer.from(bytes)
    .toString('utf8')
    .split(/\r\n|\n|\r/)

test('whatever texts a record holds, it is one line of JSON among the entities', () => {
  fc.assert(
    fc.property(anyText, anyText, (heading, note) => {
      const marc = JSON.stringify({
        leader: '00000nz  a2200000n  4500',
        fields: [
          { '001': 'n1' },
          { 100: { ind1: '1', ind2: ' ', subfields: [{ a: `Name ${heading}` }] } },
          { 667: { ind1: ' ', ind2: ' ', subfields: [{ a: note }] } }
        ]
      })
      const rows = [0, 1].map((version) => ({ marcId: 'm', recordId: 'r', state: 'ACTUAL', version, marc }))
      const outcome = remapRecords(taskOf(rows), mapping)
      const lines = linesOf(outcome.entities)
      expect(lines).toHaveLength(3)
      expect(lines.pop()).toBe('')
      for (const line of lines) expect(JSON.parse(line)).toMatchObject({ source: 'MARC' })
    }),
    { numRuns: 500 }
  )
})

test('whatever a record or a reason says, its rejection is one line, and so is its reason, for any reader of lines', () => {
  fc.assert(
    fc.property(anyText, anyText, (marc, reason) => {
      const row = { marcId: 'm', recordId: 'r', state: 'ACTUAL', version: 1, marc }
      for (const { rejectedLine, reasonLine } of [rejectUnmapped(row, reason), rejectUnmapped({ ...place, marc }, reason)]) {
        expect(rejectedLine).not.toMatch(/[\n\r]/)
        expect(JSON.parse(rejectedLine)).toBeTypeOf('object')
        expect(reasonLine).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
      }
    }),
    { numRuns: 2000 }
  )
})

function taskOf(rows: readonly object[]): Parameters<typeof remapRecords>[0] {
  const claim: Pick<Claim, 'tenant' | 'entityType'> = { tenant: 'diku', entityType: 'authority' }
  return { ...claim, records: { kind: 'rows', rows } } as unknown as Parameters<typeof remapRecords>[0]
}
