import type { NamedRow } from './rows.ts'

/** Kinds of alternative title. */
export const alternativeTitleTypes: readonly NamedRow[] = [
  ['Added title page title', '2ca8538d-a2fd-4e60-b967-1cb220101e22'],
  ['Caption title', '432ca81a-fe4d-4249-bfd3-53388725647d'],
  ['Cover title', '5c364ce4-c8fd-4891-a28d-bb91c9bcdbfb'],
  ['Distinctive title', '781c04a4-f41e-4ab0-9118-6836e93de3c8'],
  ['Former title', 'ab26d2e4-1a4a-11ed-861d-0242ac120002'],
  ['No type specified', '0fe58901-183e-4678-a3aa-0b4751174ba8'],
  ['Other title', '2584943f-36ad-4037-a7fa-3bdebb09f452'],
  ['Parallel title', '4bb300a4-04c9-414b-bfbc-9c032f74b7b2'],
  ['Portion of title', 'a8b45056-2223-43ca-8514-4dd88ece984b'],
  ['Running title', '09964ad1-7aed-49b8-8223-a4c105e3ef87'],
  ['Spine title', 'dae08d04-8c4e-4ab2-b6bb-99edbf252231'],
  ['Uniform title', '30512027-cdc9-4c79-af75-1565b3bd888d'],
  ['Variant title', '35bbe7f2-1a49-11ed-861d-0242ac120002']
]
