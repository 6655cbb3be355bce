/** FOLIO's reference records as rows: the facts that mapping looks up, and the id each stands for in every tenant. */
export type NamedRow = readonly [name: string, id: string]
export type CodedRow = readonly [code: string, name: string, id: string]
export type SubjectSourceRow = readonly [code: string | null, name: string, id: string]
/** Codes separated by spaces. */
export type SourceFileRow = readonly [codes: string, name: string, id: string]
