import type { AuditChunk, ObjectStore, Operation, Stores } from '@marc-migrations/domain'
import { checkChunk } from './check-chunk.ts'
import { checkOperation } from './check-operation.ts'
import { checkSource } from './check-source.ts'
import type { Finding } from './finding.ts'
import { IdSet } from './id-set.ts'

/** What stands where, with its hash: enough to compare two runs, or a run with a copy. */
export interface Manifest {
  readonly tenant: string
  readonly operationId: string
  readonly status: string
  readonly stopReason: string | null
  readonly total: number
  readonly mapped: number
  readonly rejected: number
  readonly saved: number
  readonly drift: number
  readonly chunks: number
  readonly rulesHashes: readonly string[]
  readonly objects: readonly {
    readonly key: string
    readonly lengthBytes: number
    readonly sha256: string
    readonly records: number
  }[]
  readonly findings: readonly Finding[]
  readonly sound: boolean
}

/** Proves the invariants of one operation from the database and the objects alone. */
export async function verifyOperation(
  operation: Operation,
  stores: Pick<Stores, 'audit'>,
  objects: ObjectStore
): Promise<Manifest> {
  const findings: Finding[] = [...checkOperation(operation, await stores.audit.sums(operation.tenant, operation.id))]
  const rulesHashes = new Set<string>()
  const stored: Manifest['objects'][number][] = []
  const ids = new IdSet()
  const order = windowOrder()
  let chunks = 0

  for await (const chunk of stores.audit.chunks(operation.tenant, operation.id)) {
    chunks++
    findings.push(...order(chunk))
    if (!isCounted(chunk)) continue
    const files = await checkChunk(chunk, objects)
    findings.push(...files.findings, ...(await checkSource(operation, chunk, files, objects)))
    for (const id of files.entityIds) ids.add(id)
    if (chunk.rulesHash !== null) rulesHashes.add(chunk.rulesHash)
    if (chunk.entities !== null) stored.push({ ...chunk.entities, records: chunk.mappedRecords })
  }
  findings.push(...aboutIds(ids, operation), ...aboutRules(rulesHashes))
  return {
    tenant: operation.tenant,
    operationId: operation.id,
    status: operation.status,
    stopReason: operation.stopReason,
    total: operation.totalRecords,
    mapped: operation.mappedRecords,
    rejected: operation.rejectedRecords,
    saved: operation.savedRecords,
    drift: operation.driftRecords,
    chunks,
    rulesHashes: [...rulesHashes],
    objects: stored,
    findings,
    sound: findings.every(({ severity }) => severity !== 'broken')
  }
}

function isCounted(chunk: AuditChunk): boolean {
  return chunk.fileEpoch !== null && chunk.status !== 'NEW' && chunk.status !== 'DATA_MAPPING'
}

/** Chunks of a file follow each other without a gap in the record numbers, and never overlap. */
function windowOrder(): (chunk: AuditChunk) => readonly Finding[] {
  let nextIndex = 0
  let nextOffset = 0
  return (chunk) => {
    const { window } = chunk
    if (window.kind === 'ids') return []
    const offset = window.kind === 'bytes' ? window.offset : nextOffset
    const follows = window.firstRecordIndex === nextIndex && offset >= nextOffset
    const message = `begins at record ${window.firstRecordIndex}, byte ${offset}; ${nextIndex}, ${nextOffset} would follow`
    nextIndex = window.firstRecordIndex + chunk.recordCount
    nextOffset = window.kind === 'bytes' ? offset + window.length : nextOffset
    return follows ? [] : [{ severity: 'broken', invariant: 'I1', message, chunkId: chunk.id }]
  }
}

/** Two stored records never share an id; two records of a file may, and are both kept. */
function aboutIds(ids: IdSet, operation: Operation): readonly Finding[] {
  const repeated = ids.repeated()
  if (repeated === 0) return []
  const message = `${repeated} mapped records repeat the id of another`
  if (operation.operationType === 'import') return [{ severity: 'warning', invariant: 'DUPLICATE_ID', message }]
  return [{ severity: 'broken', invariant: 'I1', message }]
}

function aboutRules(hashes: ReadonlySet<string>): readonly Finding[] {
  if (hashes.size < 2) return []
  return [{ severity: 'warning', invariant: 'SEVERAL_RULE_SETS', message: `mapped with ${hashes.size} different rule sets` }]
}
