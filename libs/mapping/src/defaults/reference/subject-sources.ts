import type { SubjectSourceRow } from './rows.ts'

/** Thesauri; two have no code. */
export const subjectSources: readonly SubjectSourceRow[] = [
  ['cash', 'Canadian Subject Headings', 'e894d0dc-621d-4b1d-98f6-6f7120eb0d45'],
  ['cyac', "Library of Congress Children's and Young Adults' Subject Headings", 'e894d0dc-621d-4b1d-98f6-6f7120eb0d41'],
  ['lcsh', 'Library of Congress Subject Headings', 'e894d0dc-621d-4b1d-98f6-6f7120eb0d40'],
  ['mesh', 'Medical Subject Headings', 'e894d0dc-621d-4b1d-98f6-6f7120eb0d42'],
  [null, 'National Agricultural Library subject authority file', 'e894d0dc-621d-4b1d-98f6-6f7120eb0d43'],
  ['rvm', 'Répertoire de vedettes-matière', 'e894d0dc-621d-4b1d-98f6-6f7120eb0d46'],
  [null, 'Source not specified', 'e894d0dc-621d-4b1d-98f6-6f7120eb0d44']
]
