import type { NamedRow } from './rows.ts'

/** Classification schemes. */
export const classificationTypes: readonly NamedRow[] = [
  ['Additional Dewey', '74c08086-81a4-4466-93d8-d117ce8646db'],
  ['Canadian Classification', 'ad615f6e-e28c-4343-b4a0-457397c5be3e'],
  ['Dewey', '42471af9-7d25-4f3a-bf78-60d29dcf463b'],
  ['GDC', 'fb12264c-ff3b-47e0-8e09-b0aa074361f1'],
  ['LC', 'ce176ace-a53e-4b4d-aa89-725ed7b2edac'],
  ['LC (local)', 'a83699eb-cc23-4307-8043-5a38a8dce335'],
  ['National Agricultural Library', '9a60012a-0fcf-4da9-a1d1-148e818c27ad'],
  ['NLM', 'a7f4d03f-b0d8-496c-aebf-4e9cdb678200'],
  ['SUDOC', '9075b5f8-7d97-49e1-a431-73fdd468d476'],
  ['UDC', 'e8662436-75a8-4984-bebc-531e38c774a0']
]
