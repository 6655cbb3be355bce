import type { Draft, Element } from '../entity/draft.ts'
import { RECORD_ITSELF } from '../entity/draft.ts'
import type { Place } from '../functions/text-function.ts'
import type { FieldBuffer } from '../record/record-buffer.ts'

/** What the steps of one record share. Everything but `separator` and `usedTags` begins anew with every field. */
export class Run implements Place {
  readonly draft: Draft
  leader = ''
  /** Joins the groups of a delimiter list; stays from the last list of this record that had one. */
  separator: string | null = null
  /** Tags an entry with `ignoreSubsequentFields` has run for. */
  readonly usedTags = new Set<string>()

  field: FieldBuffer | null = null
  tag = ''
  /** The next object write makes a new element. */
  fresh = true
  /** The object that is being filled; the record itself where nothing else is. */
  current: Element = RECORD_ITSELF
  /** Codes that items with `ignoreSubsequentSubfields` have used within the entry. */
  readonly usedCodes: number[] = []
  /** Objects by subfield position, shared by the items of an entry. */
  readonly slots: (Element | undefined)[] = []

  constructor(draft: Draft) {
    this.draft = draft
  }

  beginRecord(leader: string): void {
    this.draft.reset()
    this.leader = leader
    this.separator = null
    if (this.usedTags.size > 0) this.usedTags.clear()
  }

  beginField(tag: string, field: FieldBuffer | null): void {
    this.tag = tag
    this.field = field
    this.fresh = true
    this.current = RECORD_ITSELF
  }
}

/** What an item does with a field. */
export type HandleField = (run: Run, field: FieldBuffer) => void
