type Fields = Readonly<Record<string, unknown>>

/** One JSON line per event, named like `chunk.counted`. Fields carry operationId, chunkId, tenant, epoch; never secrets. */
export interface Logger {
  debug(fields: Fields, event: string): void
  info(fields: Fields, event: string): void
  warn(fields: Fields, event: string): void
  error(fields: Fields, event: string): void
  child(fields: Fields): Logger
}
