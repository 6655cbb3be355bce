/** What the store knows of one object. `etag` changes whenever the bytes do. */
export interface ObjectInfo {
  readonly key: string
  readonly lengthBytes: number
  readonly etag: string
  /** Of the bytes as the store took them in, in hexadecimal; absent where it keeps none. */
  readonly sha256?: string
}

export interface ReadOptions {
  /** Bytes `offset` to `offset + length - 1`; the whole object when absent. */
  readonly range?: { readonly offset: number; readonly length: number }
  /** The read fails with SOURCE_CHANGED when the object's etag is another. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
}

/**
 * Objects under keys: S3, or a directory. An object is seen whole or not at all.
 *
 * Every method throws MigrationError OBJECTS_UNAVAILABLE when the store does not answer, OBJECTS_FULL when it has no room.
 * Keys are built by `object-names.ts`; an adapter refuses keys with `..`, a NUL or a leading slash.
 */
export interface ObjectStore {
  /** Writes a whole object; an object of that key is replaced. */
  put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<ObjectInfo>
  /** Writes an object of unknown length piece by piece; holds a bounded part of it in memory, whatever its size. */
  putStream(key: string, pieces: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ObjectInfo>
  /** @throws {MigrationError} OBJECT_NOT_FOUND, SOURCE_CHANGED; on first pull of the iterable */
  read(key: string, options?: ReadOptions): AsyncIterable<Uint8Array>
  /** Null when there is no such object. */
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | null>
  /** Deletes an object, or everything below a key that ends with a slash. What is not there is no error. */
  delete(key: string): Promise<void>
  /** Resolves when the store answers and can be written to. */
  check(): Promise<void>
}
