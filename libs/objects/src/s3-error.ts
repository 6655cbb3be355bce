import { MigrationError } from '@marc-migrations/domain'

const NO_ROOM = new Set(['QuotaExceeded', 'InsufficientStorage', 'InsufficientCapacity', 'XMinioStorageFull', 'StorageFull'])
const INSUFFICIENT_STORAGE = 507

/** What an answer of the store, or its absence, says; undefined parts where there is none. */
interface S3Failure {
  readonly name: string
  readonly status: number | undefined
}

/** Status and code of an answer that is an error. */
export function failureOf(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { name: '', status: undefined }
  const { httpStatusCode } = (Reflect.get(error, '$metadata') ?? {}) as { httpStatusCode?: number }
  return { name: error.name, status: httpStatusCode }
}

/** True where the object is missing, not where the bucket is. */
export function isMissing(error: unknown): boolean {
  const { name, status } = failureOf(error)
  return name === 'NoSuchKey' || name === 'NotFound' || (status === 404 && name !== 'NoSuchBucket')
}

/**
 * What the object store says of a failed call. Our own errors stay as they are, and so do those of the program.
 *
 * An answer we have no rights, or no bucket, counts as an outage: nothing is wrong with the chunk, and all will go on once the
 * operator has mended it.
 */
export function s3Error(error: unknown, facts: { readonly bucket: string; readonly key?: string }): unknown {
  if (error instanceof MigrationError || error instanceof TypeError || error instanceof RangeError) return error
  const { name, status } = failureOf(error)
  const full = NO_ROOM.has(name) || status === INSUFFICIENT_STORAGE
  const reason = name === 'Error' && error instanceof Error ? error.message : name
  return new MigrationError(full ? 'OBJECTS_FULL' : 'OBJECTS_UNAVAILABLE', { ...facts, status, reason }, error)
}

/** Runs one call; an abort rejects with the signal's own reason, any other failure as `s3Error` says. */
export async function answering<T>(
  facts: { readonly bucket: string; readonly key?: string },
  signal: AbortSignal | undefined,
  act: () => Promise<T>
): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await act()
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw s3Error(error, facts)
  }
}
