import type { NamedRow } from './rows.ts'

/** Modes of issuance of RDA. */
export const issuanceModes: readonly NamedRow[] = [
  ['integrating resource', '4fc0f4fe-06fd-490a-a078-c4da1754e03a'],
  ['multipart monograph', 'f5cc2ab6-bb92-4cab-b83f-5a3d09261a41'],
  ['serial', '068b5344-e2a6-40df-9186-1829e13cd344'],
  ['single unit', '9d18a02f-5897-4c31-9106-c9abb5c7ae8b'],
  ['unspecified', '612bbd3d-c16b-4bfb-8517-2afafc60204a']
]
