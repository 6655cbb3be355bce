import { createHash } from 'node:crypto'
import type { EntityType } from '@marc-migrations/domain'

export interface FileRecordIdentity {
  readonly tenant: string
  readonly entityType: EntityType
  readonly sourceName: string
  /** 003 */
  readonly controlNumberIdentifier?: string | undefined
  /** 001 */
  readonly controlNumber?: string | undefined
  /** The record as it stands in the file. */
  readonly bytes: Uint8Array
}

/** Namespace of the ids of records that come from files; never changes, or a second import would double every record. */
const NAMESPACE = Buffer.from('5f0c2a7e9d4b4f6aa1c36be08f21d7c4', 'hex')

/**
 * The id of an entity made from a file: UUID v5 of tenant, entity type, 003 (or the source's name) and 001, each trimmed, so
 * that a second import updates instead of doubling; of the record's bytes when it has no 001.
 */
export function fileRecordId(identity: FileRecordIdentity): string {
  const { tenant, entityType, sourceName, controlNumberIdentifier = '', controlNumber = '', bytes } = identity
  const number = controlNumber.trim()
  const hash = createHash('sha1').update(NAMESPACE)
  if (number === '') hash.update(JSON.stringify([tenant.toLowerCase(), entityType])).update(bytes)
  else {
    const authority = controlNumberIdentifier.trim() || sourceName.trim()
    hash.update(JSON.stringify([tenant.toLowerCase(), entityType, authority, number]))
  }
  return uuid(hash.digest().subarray(0, 16))
}

function uuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
