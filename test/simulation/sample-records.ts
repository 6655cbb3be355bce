import type { RulesTexts, SourceRow } from '@marc-migrations/domain'
import { compileMapping } from '@marc-migrations/mapping'
import type { CompiledMapping } from '@marc-migrations/mapping'
import type { SeededRandom } from './seeded-random.ts'

const to = (target: string): object => ({ target, subfield: ['a'], rules: [] })

/** Two rule sets, so that a retry may freeze another than the run before. */
export const ruleSets: readonly RulesTexts[] = ['personalName', 'corporateName'].map((target) => ({
  rules: JSON.stringify({ 100: [to(target)] }),
  params: '{}'
}))

/** Compiling is the dear part, and the same for all runs. */
const compiled = new Map<string, CompiledMapping>()

export function mappingOf(texts: RulesTexts): CompiledMapping {
  const found = compiled.get(texts.rules) ?? compileMapping({ entityType: 'authority', ...texts })
  compiled.set(texts.rules, found)
  return found
}

function marcOf(number: string): string {
  const heading = { ind1: '1', ind2: ' ', subfields: [{ a: `Name ${number}` }] }
  return JSON.stringify({ leader: '00000nz  a2200000n  4500', fields: [{ '001': number }, { '100': heading }] })
}

/** A stored record; one without content is rejected. */
export function storedRecord(random: SeededRandom, number: number, broken: boolean): SourceRow {
  return {
    marcId: random.uuid(),
    recordId: random.uuid(),
    marc: broken ? null : marcOf(`n${number}`),
    state: 'ACTUAL',
    version: number % 3
  }
}

/** A file of JSON lines; a broken line cannot be read, and is rejected. */
export function fileOfLines(random: SeededRandom, records: number, brokenShare: number): Uint8Array {
  const lines = Array.from({ length: records }, (_, i) => (random.chance(brokenShare) ? '{"leader":' : marcOf(`f${i}`)))
  return Buffer.from(lines.map((line) => `${line}\n`).join(''))
}
