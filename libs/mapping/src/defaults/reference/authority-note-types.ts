import type { NamedRow } from './rows.ts'

/** Kinds of note of an authority. */
export const authorityNoteTypes: readonly NamedRow[] = [['Nonpublic general note', '76c74801-afec-45a0-aad7-3ff23591e147']]
