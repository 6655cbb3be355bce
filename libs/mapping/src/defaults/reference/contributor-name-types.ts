import type { NamedRow } from './rows.ts'

/** Kinds of name. */
export const contributorNameTypes: readonly NamedRow[] = [
  ['Corporate name', '2e48e713-17f3-4c13-a9f8-23845bb210aa'],
  ['Meeting name', 'e8b311a6-3b21-43f2-a269-dd9310cb2d0a'],
  ['Personal name', '2b94c631-fca9-4892-a730-03ee529ffe2a']
]
