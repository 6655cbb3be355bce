import type { SourceFile, SourceFileStore } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { Transaction } from '../database/database.ts'
import type { StoreContext } from '../store-context.ts'

/** Two uploads under one name: the later one waits here, and both learn which object the name pointed to before them. */
const LOCK_NAME = `select pg_advisory_xact_lock(hashtextextended($1, 1))`

const FIND_FILE = perSchema(
  (s) => `
  select name, object_key, etag, length_bytes, format, uploaded_at from ${s}.source_file where name = $1`
)

const POINT_NAME = perSchema(
  (s) => `
  insert into ${s}.source_file (name, object_key, etag, length_bytes, format) values ($1, $2, $3, $4, $5)
  on conflict (name) do update
    set object_key = excluded.object_key, etag = excluded.etag, length_bytes = excluded.length_bytes,
        format = excluded.format, uploaded_at = clock_timestamp()`
)

const LIST_FILES = perSchema(
  (s) => `select name, object_key, etag, length_bytes, format, uploaded_at from ${s}.source_file order by name`
)

interface FileRow {
  readonly name: string
  readonly object_key: string
  readonly etag: string
  readonly length_bytes: string
  readonly format: SourceFile['format']
  readonly uploaded_at: Date
}

export function sourceFileStore({ db, tenants }: StoreContext): SourceFileStore {
  return {
    async point(tenant, file) {
      await tenants.require(tenant)
      return await db.transaction(async (on) => {
        await on.rows(LOCK_NAME, [`${tenant}/${file.name}`])
        const before = await find(on, tenant, file.name)
        await on.run(POINT_NAME(tenant), [file.name, file.objectKey, file.etag, file.lengthBytes, file.format])
        return before === null || before.objectKey === file.objectKey ? null : before.objectKey
      })
    },

    async find(tenant, name) {
      await tenants.require(tenant)
      return await db.again((on) => find(on, tenant, name))
    },

    async list(tenant) {
      await tenants.require(tenant)
      return (await db.again((on) => on.rows<FileRow>(LIST_FILES(tenant)))).map(toSourceFile)
    }
  }
}

async function find(on: Transaction, tenant: string, name: string): Promise<SourceFile | null> {
  const [row] = await on.rows<FileRow>(FIND_FILE(tenant), [name])
  return row === undefined ? null : toSourceFile(row)
}

function toSourceFile(row: FileRow): SourceFile {
  return {
    name: row.name,
    objectKey: row.object_key,
    etag: row.etag,
    lengthBytes: Number(row.length_bytes),
    format: row.format,
    uploadedAt: row.uploaded_at
  }
}
