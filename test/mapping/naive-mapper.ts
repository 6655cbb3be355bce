import { bindFunction } from '../../libs/mapping/src/functions/bind-function.ts'
import { referenceLists } from '../../libs/mapping/src/functions/reference-lists.ts'

/**
 * The mapping engine as plainly as its description can be read: rules interpreted anew for every field, entities as plain
 * objects, nothing shared with the real engine but the normalization functions. Slow, and the judge of the fast one.
 */
export interface PlainField {
  readonly tag: string
  readonly ind1: string
  readonly ind2: string
  readonly subfields: readonly (readonly [code: string, value: string])[]
}

export interface PlainRecord {
  readonly leader: string
  readonly controls: readonly (readonly [tag: string, text: string])[]
  readonly fields: readonly PlainField[]
}

export interface NaiveItem {
  target?: string
  subfield?: string[]
  rules?: NaiveRule[]
  applyRulesOnConcatenatedData?: boolean
  requiredSubfield?: string[]
  exclusiveSubfield?: string[]
  ignoreSubsequentSubfields?: boolean
  subFieldDelimiter?: { value?: string; subfields: string[] }[]
  subFieldSplit?: { type: string; value: string }
  alternativeMapping?: NaiveItem
  createSingleObject?: boolean
}

export interface NaiveEntry extends NaiveItem {
  entity?: NaiveItem[]
  entityPerRepeatedSubfield?: boolean
  indicators?: { ind1: string; ind2: string }
  ignoreSubsequentFields?: boolean
  keepTrailingBackslash?: boolean
  fieldReplacementBy3Digits?: boolean
  fieldReplacementRule?: { sourceDigits: string; targetField: string }[]
}

export interface NaiveRule {
  conditions?: { type?: string; parameter?: Record<string, unknown>; value?: string; LDR?: boolean }[]
  value?: string
}

export type NaiveRules = Record<string, NaiveEntry[]>

/** What targets of the tests are; everything else is no target. */
export const targetKinds: Readonly<Record<string, 'text' | 'integer' | 'boolean' | 'texts' | 'textSet'>> = {
  title: 'text',
  hrid: 'text',
  version: 'integer',
  staffSuppress: 'boolean',
  languages: 'texts',
  physicalDescriptions: 'texts',
  editions: 'textSet'
}
const lists: Readonly<Record<string, readonly string[]>> = {
  identifiers: ['value', 'identifierTypeId'],
  series: ['value', 'authorityId'],
  notes: ['instanceNoteTypeId', 'note', 'staffOnly'],
  precedingTitles: ['title', 'hrid', 'isbnValue']
}
const singles: Readonly<Record<string, readonly string[]>> = { dates: ['date1', 'date2'] }

type Fields = Record<string, unknown>
class Nothing extends Error {}

/** The entity before the repairs of instances, without properties that were never written; null when there is none. */
export function naiveMap(record: PlainRecord, rules: NaiveRules): Fields | null {
  try {
    return new NaiveRun(record, rules).run()
  } catch (error) {
    if (error instanceof Nothing) return null
    throw error
  }
}

class NaiveRun {
  readonly out: Fields = {}
  readonly record: PlainRecord
  readonly rules: NaiveRules
  separator: string | undefined
  readonly usedTags: string[] = []
  tag = ''
  field: PlainField | null = null
  fresh = true
  current: Fields | null = null
  usedCodes: string[] = []
  slots: (Fields | undefined)[] = []
  /** Which list an object was made for. */
  readonly madeFor = new Map<Fields, string>()

  constructor(record: PlainRecord, rules: NaiveRules) {
    this.record = record
    this.rules = rules
  }

  run(): Fields {
    const { leader, controls, fields } = this.record
    this.control('LDR', leader)
    const last001 = controls.filter(([tag]) => tag === '001').at(-1)
    if (last001 !== undefined) this.control(...last001)
    for (const [tag, text] of controls) if (tag !== '001') this.control(tag, text)
    for (const field of fields) this.data(field)
    return this.out
  }

  control(tag: string, text: string): void {
    this.field = null
    this.fresh = true
    this.current = null
    for (const entry of this.rules[tag] ?? []) {
      const data = this.apply(entry.rules, text, false)
      if (data === '') continue
      if (entry.target === undefined) throw new Nothing()
      if (entry.createSingleObject === true) this.setSingle(entry.target, data)
      else if (this.isTarget(entry.target)) this.write(entry.target, data)
      else if (entry.rules === undefined) throw new Nothing()
    }
  }

  setSingle(target: string, data: string): void {
    const [name = '', leaf] = target.split('.')
    const value = data.trim() === '' ? undefined : data
    this.fresh = false
    if (leaf === undefined && targetKinds[name] === 'text') this.out[name] = value
    const leaves = singles[name]
    if (leaf === undefined || leaves === undefined) return
    const object = (this.out[name] ??= {}) as Fields
    if (leaves.includes(leaf)) object[leaf] = value
  }

  data(field: PlainField): void {
    this.tag = field.tag
    for (const entry of this.rules[field.tag] ?? []) {
      if (entry.fieldReplacementBy3Digits !== true) continue
      for (const code of entry.subfield ?? []) {
        const value = field.subfields.find(([own]) => own === code)?.[1] ?? ''
        if (value.length < 3) continue
        const digits = value.slice(0, 3)
        this.tag = entry.fieldReplacementRule?.find(({ sourceDigits }) => sourceDigits === digits)?.targetField ?? digits
      }
    }
    this.field = field
    this.fresh = true
    this.current = null
    const entries = this.rules[this.tag] ?? []
    for (const entry of entries) if (this.runs(entry, entries)) this.entry(entry)
  }

  runs(entry: NaiveEntry, entries: readonly NaiveEntry[]): boolean {
    const { ind1, ind2 } = this.field ?? { ind1: '', ind2: '' }
    const meets = ({ indicators }: NaiveEntry) =>
      indicators !== undefined &&
      (indicators.ind1 === '*' || indicators.ind1 === ind1) &&
      (indicators.ind2 === '*' || indicators.ind2 === ind2)
    const blocks = ({ indicators }: NaiveEntry) =>
      indicators !== undefined &&
      (indicators.ind1 === ind1 || (indicators.ind1 === '*' && (indicators.ind2 === '*' || indicators.ind2 === ind2)))
    if (entry.indicators !== undefined ? !meets(entry) : entries.some(blocks)) return false
    if (entry.ignoreSubsequentFields !== true) return true
    if (this.usedTags.includes(this.tag)) return false
    this.usedTags.push(this.tag)
    return true
  }

  entry(entry: NaiveEntry): void {
    this.slots = []
    this.usedCodes = []
    for (const item of entry.entity ?? [entry]) {
      const present = (code: string) => this.field?.subfields.some(([own]) => own === code) === true
      if (!(item.requiredSubfield ?? []).every(present)) return
      if ((item.exclusiveSubfield ?? []).some(present)) return
      this.handle(item, entry)
    }
    if (entry.entity !== undefined) this.fresh = true
  }

  handle(item: NaiveItem, entry: NaiveEntry): void {
    const { subfield: selected, subFieldDelimiter: groups, target } = item
    if (selected === undefined) throw new Nothing()
    const buffers = (groups ?? [{}]).map(() => '')
    for (const group of groups ?? []) if (group.subfields.length === 0) this.separator = group.value ?? 'null'
    if (target === undefined) throw new Nothing()
    if (!this.isTarget(target)) return
    this.split(item)
    const subfields = this.field?.subfields ?? []
    if (!subfields.some(([code]) => selected.length === 0 || selected.includes(code))) return
    const apart = entry.entityPerRepeatedSubfield === true && entry.entity !== undefined
    for (const [position, [code, raw]] of subfields.entries()) {
      if (!selected.includes(code)) continue
      if (item.ignoreSubsequentSubfields === true) {
        if (this.usedCodes.includes(code)) continue
        this.usedCodes.push(code)
      }
      const value =
        item.applyRulesOnConcatenatedData === true ? raw : this.apply(item.rules, raw, entry.keepTrailingBackslash)
      this.add(buffers, groups, code, value, entry.entityPerRepeatedSubfield === true)
      if (apart) this.writeSlot(position, target, this.join(buffers))
    }
    if (apart) return
    const joined = this.join(buffers)
    const text =
      item.applyRulesOnConcatenatedData === true ? this.apply(item.rules, joined, entry.keepTrailingBackslash) : joined
    if (text !== '') this.write(target, text)
    else if (item.alternativeMapping !== undefined) {
      this.usedCodes = []
      this.handle(item.alternativeMapping, entry)
    }
  }

  split({ subFieldSplit }: NaiveItem): void {
    if (subFieldSplit === undefined || this.field === null || this.field.subfields.length === 0) return
    const length = Number(subFieldSplit.value)
    if (subFieldSplit.type !== 'split_every' || !(length >= 1)) throw new Nothing()
    const pieces = this.field.subfields.flatMap(([code, value]) => {
      const count = Math.max(1, Math.ceil(value.length / length))
      return Array.from({ length: count }, (_, i) => [code, value.slice(i * length, (i + 1) * length)] as const)
    })
    this.field = { ...this.field, subfields: pieces }
  }

  add(buffers: string[], groups: NaiveItem['subFieldDelimiter'], code: string, value: string, clear: boolean): void {
    const own = (groups ?? []).findLastIndex(({ subfields }) => subfields.includes(code))
    const index = own === -1 ? 0 : own
    if (groups?.length === 0) throw new Nothing()
    const delimiter = own === -1 ? ' ' : (groups?.[own]?.value ?? 'null')
    const buffer = own === -1 && clear ? '' : (buffers[index] ?? '')
    buffers[index] = buffer === '' ? value : buffer + delimiter + value
  }

  join(buffers: readonly string[]): string {
    return buffers.filter((buffer) => buffer !== '').join(this.separator ?? 'null')
  }

  isTarget(path: string): boolean {
    const [name = '', leaf] = path.split('.')
    return leaf === undefined ? targetKinds[name] !== undefined : lists[name]?.includes(leaf) === true
  }

  write(path: string, text: string): void {
    const [name = '', leaf] = path.split('.')
    if (leaf === undefined) this.writeProperty(name, text)
    else {
      if (this.fresh) {
        this.current = name === 'notes' ? { staffOnly: false } : {}
        this.madeFor.set(this.current, name)
        ;((this.out[name] ??= []) as Fields[]).push(this.current)
      }
      const value = leaf === 'staffOnly' ? text.toLowerCase() === 'true' : text
      if (this.current !== null && this.madeFor.get(this.current) === name) this.current[leaf] = value
      else {
        if (targetKinds[leaf] === 'text') this.out[leaf] = text
        this.current = this.out
      }
    }
    this.fresh = false
  }

  writeProperty(name: string, text: string): void {
    const kind = targetKinds[name]
    if (kind === 'integer' && !/^[+-]?\d{1,9}$/.test(text)) throw new Nothing()
    if (kind === 'text') this.out[name] = text
    else if (kind === 'integer') this.out['_version'] = Number(text)
    else if (kind === 'boolean') this.out[name] = text.toLowerCase() === 'true'
    else {
      const list = (this.out[name] ??= []) as string[]
      if (kind === 'texts' || !list.includes(text)) list.push(text)
    }
  }

  writeSlot(position: number, target: string, text: string): void {
    const slot = this.slots[position]
    this.fresh = slot === undefined
    if (text === '') return
    const current = this.current
    this.current = slot ?? null
    this.write(target, text)
    if (target.includes('.')) this.slots[position] = this.current ?? undefined
    this.current = current
    this.fresh = slot === undefined
  }

  apply(rules: readonly NaiveRule[] | undefined, text: string, keepBackslash = false): string {
    const result = this.applyRules(rules ?? [], text) ?? ''
    const cut = !keepBackslash && result.endsWith('\\') ? result.slice(0, -1) : result
    return cut.split('|').join(' ')
  }

  applyRules(rules: readonly NaiveRule[], original: string): string | null {
    let current: string | null = original
    for (const { conditions, value: constant } of rules) {
      if (conditions === undefined) throw new Nothing()
      let met = true
      for (const { type, parameter, value: expected, LDR } of conditions) {
        if (type === undefined) throw new Nothing()
        for (const name of type.split(',')) {
          if (LDR !== undefined) current = this.record.leader
          const result: string | null = this.call(name.trim(), parameter, current)
          if (expected !== undefined && result !== expected) {
            if (result === null) throw new Nothing()
            met = false
            break
          }
          if (constant === undefined) current = result
        }
        if (!met) current = original
      }
      if (met && constant !== undefined) return constant
    }
    return current
  }

  call(name: string, parameter: Record<string, unknown> | undefined, text: string | null): string | null {
    const subfields = this.field?.subfields ?? []
    const field =
      this.field === null
        ? null
        : {
            tag: this.tag,
            ind1: this.field.ind1.charCodeAt(0),
            ind2: this.field.ind2.charCodeAt(0),
            size: subfields.length,
            codes: subfields.map(([code]) => code.charCodeAt(0)),
            values: subfields.map(([, value]) => value)
          }
    return bindFunction(name, parameter ?? null, referenceLists({}))(text, { leader: this.record.leader, field })
  }
}
