/**
 * Keys of everything that stands in the object store, built here and nowhere else.
 *
 * Epoch 1 has the contract's names; a later epoch stands before the suffix, so the endings hold and no attempt can write
 * over another's object.
 *
 * @see mod-marc-migrations, keys `operation/{op}/{chunk}_entity`, `…_entity-error`, `…_error`
 */
export interface ChunkObjectNames {
  readonly entities: string
  readonly rejected: string
  readonly reasons: string
  /** The records a repeated saving sends again, a part of the entity file, which stays as it is. */
  readonly retried: string
}

/** @param subPath S3_SUB_PATH, without a slash at either end */
export function chunkObjectNames(
  subPath: string,
  chunk: { readonly operationId: string; readonly chunkId: string; readonly stepId: string; readonly epoch: number }
): ChunkObjectNames {
  const attempt = chunk.epoch > 1 ? `_e${chunk.epoch}` : ''
  const base = `${operationPrefix(subPath, chunk.operationId)}${chunk.chunkId}`
  return {
    entities: `${base}${attempt}_entity`,
    rejected: `${base}_${chunk.stepId}${attempt}_entity-error`,
    reasons: `${base}_${chunk.stepId}${attempt}_error`,
    retried: `${base}_${chunk.stepId}${attempt}_entity`
  }
}

/** Object with the records of a chunk that cannot be read by range from its file. */
export function chunkSourceName(subPath: string, operationId: string, chunkId: string): string {
  return `${operationPrefix(subPath, operationId)}${chunkId}_source`
}

/** Every object of an operation begins with this. */
export function operationPrefix(subPath: string, operationId: string): string {
  return `${subPath}/operation/${operationId}/`
}

/**
 * Whether a key that was read from a row, or told by another module, is that of an object of this operation. Bucket and database
 * are shared with others, so a stored name is no proof of whose object it names. Whatever S3_SUB_PATH was when it was stored.
 */
export function isObjectOf(operationId: string, key: string): boolean {
  return isBelow(['operation', operationId], key, 1)
}

/** The same for an upload of this tenant, under its name and its upload's id. */
export function isUploadOf(tenant: string, key: string): boolean {
  return isBelow(['source', tenant.toLowerCase()], key, 2)
}

function isBelow(folder: readonly string[], key: string, depth: number): boolean {
  const segments = key.split('/')
  const sound = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..') && !key.includes('\0')
  return sound && segments.slice(0, -depth).slice(-folder.length).join('/') === folder.join('/')
}

/** A fresh object for each upload; the name in `source_file` points to the newest. */
export function uploadName(subPath: string, tenant: string, name: string, uploadId: string): string {
  return `${subPath}/source/${tenant.toLowerCase()}/${name}/${uploadId}`
}
