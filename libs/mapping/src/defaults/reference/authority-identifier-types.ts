import type { CodedRow } from './rows.ts'

/** Kinds of identifier of an authority. */
export const authorityIdentifierTypes: readonly CodedRow[] = [
  ['canceled-lccn', 'Canceled LCCN', 'c858e4f2-2b6b-4385-842b-60532ee34abb'],
  ['control-number', 'Control number', '5d164f4b-0b15-4e42-ae75-cfcf85318ad9'],
  ['lccn', 'LCCN', 'c858e4f2-2b6b-4385-842b-60732ee14abb'],
  ['other-standard-identifier', 'Other standard identifier', '2e8b3b6c-0e7d-4e48-bca2-b0b23b376af5'],
  ['system-control-number', 'System control number', '7e591197-f335-4afb-bc6d-a6d76ca3bace']
]
