import type { NamedRow } from './rows.ts'

/** Kinds of subject. */
export const subjectTypes: readonly NamedRow[] = [
  ['Chronological term', 'd6488f88-1e74-40ce-81b5-b19a928ff5b6'],
  ['Corporate name', 'd6488f88-1e74-40ce-81b5-b19a928ff5b2'],
  ['Curriculum objective', 'd6488f88-1e74-40ce-81b5-b19a928ff514'],
  ['Faceted topical terms', 'd6488f88-1e74-40ce-81b5-b19a928ff510'],
  ['Function', 'd6488f88-1e74-40ce-81b5-b19a928ff513'],
  ['Genre/form', 'd6488f88-1e74-40ce-81b5-b19a928ff511'],
  ['Geographic name', 'd6488f88-1e74-40ce-81b5-b19a928ff5b8'],
  ['Hierarchical place name', 'd6488f88-1e74-40ce-81b5-b19a928ff515'],
  ['Meeting name', 'd6488f88-1e74-40ce-81b5-b19a928ff5b3'],
  ['Named event', 'd6488f88-1e74-40ce-81b5-b19a928ff5b5'],
  ['Occupation', 'd6488f88-1e74-40ce-81b5-b19a928ff512'],
  ['Personal name', 'd6488f88-1e74-40ce-81b5-b19a928ff5b1'],
  ['Topical term', 'd6488f88-1e74-40ce-81b5-b19a928ff5b7'],
  ['Type of entity unspecified', 'd6488f88-1e74-40ce-81b5-b19a928ff516'],
  ['Uncontrolled', 'd6488f88-1e74-40ce-81b5-b19a928ff5b9'],
  ['Uniform title', 'd6488f88-1e74-40ce-81b5-b19a928ff5b4']
]
