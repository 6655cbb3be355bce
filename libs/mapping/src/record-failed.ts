/** The mapper gives nothing for this record; `message` says which fact of record or rules stood against it. */
export class RecordFailed extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'RecordFailed'
  }
}

/** The mapper throws for this record: text that is no record at all, a source file or an identifier that cannot be. */
export class MappingError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'MappingError'
  }
}
