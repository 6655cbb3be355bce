import { MigrationError } from '@marc-migrations/domain'
import type { StageRef } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import type { SecretBox } from './secret-box.ts'

const KEEP_SECRET = `
  insert into ${control}.stage_secret (tenant, operation_id, key_id, nonce, sealed) values ($1, $2, $3, $4, $5)
  on conflict (tenant, operation_id) do update
    set key_id = excluded.key_id, nonce = excluded.nonce, sealed = excluded.sealed, created_at = now()`

const READ_SECRET = `select key_id, nonce, sealed from ${control}.stage_secret where tenant = $1 and operation_id = $2`

type Headers = Readonly<Record<string, string>>

/** Stores the request's headers, token included, sealed and bound to their operation. */
export async function keepHeaders(
  secrets: SecretBox,
  on: Transaction,
  tenant: string,
  operationId: string,
  headers: Headers
): Promise<void> {
  const { keyId, nonce, sealed } = secrets.seal(JSON.stringify(headers), `${tenant}/${operationId}`)
  await on.run(KEEP_SECRET, [tenant, operationId, keyId, nonce, sealed])
}

/** @throws {MigrationError} CONFIG_INVALID when they were sealed under another key */
export async function readHeaders({ db, secrets }: StoreContext, { tenant, operationId }: StageRef): Promise<Headers> {
  type Row = { key_id: string; nonce: Buffer; sealed: Buffer }
  const [row] = await db.again((on) => on.rows<Row>(READ_SECRET, [tenant, operationId]))
  if (row === undefined) return {}
  const text = secrets.open({ keyId: row.key_id, nonce: row.nonce, sealed: row.sealed }, `${tenant}/${operationId}`)
  if (text === null) {
    throw new MigrationError('CONFIG_INVALID', {
      setting: 'TOKEN_KEY',
      reason: 'every node needs the same one',
      operationId
    })
  }
  return JSON.parse(text) as Headers
}
