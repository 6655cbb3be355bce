import type { NamedRow } from './rows.ts'

/** What a link leads to, by the second indicator of 856. */
export const electronicAccessRelationships: readonly NamedRow[] = [
  ['No display constant generated', 'ef03d582-219c-4221-8635-bc92f1107021'],
  ['No information provided', 'f50c90c9-bae0-4add-9cd0-db9092dbc9dd'],
  ['Related resource', '5bfe1b7b-f151-4501-8cfa-23b321d5cd1e'],
  ['Resource', 'f5d0068e-6272-458e-8a81-b85e7b9a14aa'],
  ['Version of resource', '3b430592-2e09-4b48-9a0c-0636d66b9fb3']
]
