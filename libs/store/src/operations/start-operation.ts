import { MigrationError } from '@marc-migrations/domain'
import type { Operation, OperationDraft } from '@marc-migrations/domain'
import { keepHeaders } from '../armed/stage-headers.ts'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { OPERATION_COLUMNS, toOperation } from './operation-row.ts'
import type { OperationRow } from './operation-row.ts'

/** Positions of the first range's chunks end here: the largest power of ten that JavaScript counts exactly. */
export const LAST_POSITION = 1_000_000_000_000_000

const START_OPERATION = perSchema(
  (s) => `
  with started as (
    insert into ${s}.operation as o
      (id, user_id, entity_type, operation_type, status, total_num_of_records, mapped_num_of_records, saved_num_of_records,
       source_name, source_format, source_object_key, source_etag, source_length)
    values ($1, $2, upper($3), upper($4), 'NEW', $5, 0, 0, $6, $7, $8, $9, $10)
    returning ${OPERATION_COLUMNS}
  ), report as (
    insert into ${s}.operation_error_report (id, operation_id, status) select id, id, 'NOT_STARTED' from started
  ), range as (
    insert into ${s}.split_range (operation_id, next_position, end_position) select id, 0, ${LAST_POSITION} from started
  ), armed as (
    insert into ${control}.armed_check (tenant, operation_id, stage) select $11, id, 'DATA_MAPPING' from started
  )
  select * from started`
)

/** Nobody's row when the key is in use; a key of more than 24 hours ago is as good as new. */
const TAKE_KEY = perSchema(
  (s) => `
  insert into ${s}.idempotency_key as k (key, operation_id) values ($1, $2)
  on conflict (key) do update set operation_id = excluded.operation_id, created_at = now()
   where k.created_at < now() - interval '24 hours'`
)

const FIND_BY_KEY = perSchema(
  (s) => `
  select ${OPERATION_COLUMNS}
    from ${s}.operation o join ${s}.idempotency_key k on k.operation_id = o.id
   where k.key = $1`
)

/**
 * Operation, empty error report, first split range, armed row and sealed headers in one transaction; the operation that
 * has this idempotency key already, when one has.
 *
 * @throws {MigrationError} TENANT_UNKNOWN, IDEMPOTENCY_KEY_REUSED when the key stands for another request
 */
export async function startOperation(context: StoreContext, draft: OperationDraft): Promise<Operation> {
  await context.tenants.require(draft.tenant)
  try {
    return await context.db.transaction((on) => insertOperation(context, on, draft))
  } catch (error) {
    if (!(error instanceof KeyInUse)) throw error
    return await operationOfKey(context, draft, error.key)
  }
}

/** Rolls the start back. */
class KeyInUse extends Error {
  readonly key: string

  constructor(key: string) {
    super('idempotency key in use')
    this.key = key
  }
}

async function insertOperation({ secrets }: StoreContext, on: Transaction, draft: OperationDraft): Promise<Operation> {
  const { source } = draft
  const [row] = await on.rows<OperationRow>(START_OPERATION(draft.tenant), [
    draft.id,
    draft.userId,
    draft.entityType,
    draft.operationType,
    draft.totalRecords,
    source?.name ?? null,
    source?.format ?? null,
    source?.objectKey ?? null,
    source?.etag ?? null,
    source?.lengthBytes ?? null,
    draft.tenant
  ])
  if (row === undefined) throw new Error('the operation was not inserted')
  if (draft.headers !== undefined) await keepHeaders(secrets, on, draft.tenant, draft.id, draft.headers)
  if (draft.idempotencyKey !== undefined) {
    const taken = await on.run(TAKE_KEY(draft.tenant), [draft.idempotencyKey, draft.id])
    if (taken === 0) throw new KeyInUse(draft.idempotencyKey)
  }
  return toOperation(draft.tenant, row)
}

async function operationOfKey({ db }: StoreContext, draft: OperationDraft, key: string): Promise<Operation> {
  const [row] = await db.rows<OperationRow>(FIND_BY_KEY(draft.tenant), [key])
  const found = row === undefined ? null : toOperation(draft.tenant, row)
  if (found === null || !asksTheSame(draft, found)) throw new MigrationError('IDEMPOTENCY_KEY_REUSED', { key })
  return found
}

function asksTheSame(draft: OperationDraft, found: Operation): boolean {
  return (
    draft.entityType === found.entityType &&
    draft.operationType === found.operationType &&
    draft.source?.name === found.source?.name &&
    draft.source?.format === found.source?.format
  )
}
