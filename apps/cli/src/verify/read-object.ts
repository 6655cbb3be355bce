import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type { ObjectStore } from '@marc-migrations/domain'

/** An object as it stands now; null when there is none. */
export interface ObjectContent {
  readonly bytes: Uint8Array
  readonly sha256: string
  /** Lines without their line feeds; undefined when the last line has none. */
  readonly lines: readonly string[] | undefined
}

export async function readObject(objects: ObjectStore, key: string): Promise<ObjectContent | null> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of objects.read(key)) pieces.push(piece)
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'OBJECT_NOT_FOUND') return null
    throw error
  }
  const bytes = Buffer.concat(pieces)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), lines: linesOf(bytes.toString('utf8')) }
}

function linesOf(text: string): readonly string[] | undefined {
  if (text === '') return []
  return text.endsWith('\n') ? text.slice(0, -1).split('\n') : undefined
}
