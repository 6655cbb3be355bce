import type { SourceFileRow } from './rows.ts'

/** Authority files by the prefixes of their control numbers; letter case counts. */
export const authoritySourceFiles: readonly SourceFileRow[] = [
  ['aat aatg aatfg', 'Art & architecture thesaurus (AAT)', 'cb58492d-018e-442d-9ce3-35aabfc524aa'],
  ['fst', 'Faceted Application of Subject Terminology (FAST)', '191874a0-707a-4634-928e-374ee9103225'],
  ['gsafd', 'GSAFD Genre Terms (GSAFD)', 'b224845c-5026-4594-8b55-61d39ecf0541'],
  ['sj', "LC Children's Subject Headings", 'ccebe5d8-5bfe-46f5-bfa2-79f257c249c9'],
  ['dg', 'LC Demographic Group Terms (LCDGT)', '4b531a84-d4fe-44e5-b75f-542ec71b2f62'],
  ['gf', 'LC Genre/Form Terms (LCGFT)', '67d1ec4b-a19a-4324-9f19-473b49e370ac'],
  ['mp', 'LC Medium of Performance Thesaurus for Music (LCMPT)', '2c0e41b5-8ffb-4856-aa64-76648a6f6b18'],
  ['n nb nr no ns', 'LC Name Authority file (LCNAF)', 'af045f2f-e851-4613-984c-4bc13430454a'],
  ['sh', 'LC Subject Headings (LCSH)', '837e2c7b-037b-4113-9dfd-b1b8aeeb1fb8'],
  ['D', 'Medical Subject Headings (MeSH)', '6ddf21a6-bc2f-4cb0-ad96-473e1f82da23'],
  ['rbmscv', 'Rare Books and Manuscripts Section (RBMS)', 'b0f38dbe-5bc0-477d-b1ee-6d9878a607f7'],
  ['lcgtm tgm', 'Thesaurus for Graphic Materials (TGM)', '70ff583b-b8c9-483e-ac21-cb4a9217898b']
]
