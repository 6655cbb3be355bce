import { MigrationError } from '@marc-migrations/domain'
import type { ObjectStore, Operation, Stores } from '@marc-migrations/domain'
import { verifyOperation } from './verify-operation.ts'
import type { Manifest } from './verify-operation.ts'

export interface VerifyRequest {
  /** One operation, or all of every tenant. */
  readonly operationId?: string
  /** Only this tenant's. */
  readonly tenant?: string
  /** Puts chunks whose object is missing or different back to due. */
  readonly repair: boolean
}

export interface Verification extends Manifest {
  readonly repairedChunks: readonly string[]
}

/**
 * Verifies operations one after the other, and hands each manifest on as soon as it is made.
 *
 * @throws {MigrationError} OPERATION_NOT_FOUND
 */
export async function* runVerify(
  request: VerifyRequest,
  stores: Pick<Stores, 'audit' | 'operations' | 'tenants' | 'control'>,
  objects: ObjectStore
): AsyncIterable<Verification> {
  let found = false
  for await (const operation of wanted(request, stores)) {
    found = true
    const manifest = await verifyOperation(operation, stores, objects)
    const repairedChunks = request.repair ? await repair(operation, manifest, stores) : []
    yield { ...manifest, repairedChunks }
  }
  if (!found && request.operationId !== undefined) {
    throw new MigrationError('OPERATION_NOT_FOUND', { id: request.operationId })
  }
}

async function* wanted(
  { operationId, tenant }: VerifyRequest,
  stores: Pick<Stores, 'audit' | 'operations' | 'tenants'>
): AsyncIterable<Operation> {
  for (const each of tenant === undefined ? await stores.tenants.list() : [tenant]) {
    for (const id of operationId === undefined ? await stores.audit.operationIds(each) : [operationId]) {
      const operation = await stores.operations.get(each, id)
      if (operation !== null) yield operation
    }
  }
}

/** A retry by the auditor: the protocol does the rest, as it does for a user's. */
async function repair(
  operation: Operation,
  manifest: Manifest,
  stores: Pick<Stores, 'control'>
): Promise<readonly string[]> {
  const chunkIds = [...new Set(manifest.findings.flatMap((finding) => (finding.repairable && finding.chunkId) || []))]
  if (chunkIds.length === 0) return []
  await stores.control.retryMapping(operation.tenant, operation.id, chunkIds)
  return chunkIds
}
