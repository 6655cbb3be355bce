import { randomUUID } from 'node:crypto'
import type { Stores, Wake } from '@marc-migrations/domain'
import { disarm } from './armed/disarm.ts'
import { revisitArmedStage } from './armed/revisit-armed.ts'
import { openSecretBox } from './armed/secret-box.ts'
import { readHeaders } from './armed/stage-headers.ts'
import { visitArmedStages } from './armed/visit-armed.ts'
import { finaliseStage } from './check/finalise-stage.ts'
import { stopStage } from './check/stop-stage.ts'
import { claimChunk } from './chunks/claim-chunk.ts'
import { countChunk } from './chunks/count-chunk.ts'
import { giveBackChunk } from './chunks/give-back-chunk.ts'
import { renewLease } from './chunks/renew-lease.ts'
import { waitingChunks } from './chunks/waiting-chunks.ts'
import { auditChunks } from './audit/audit-chunks.ts'
import { operationIds } from './audit/operation-ids.ts'
import { operationSums } from './audit/operation-sums.ts'
import { cancelOperation } from './control/cancel-operation.ts'
import { pauseOperation, resumeOperation } from './control/pause-operation.ts'
import { forceReleaseSaveLock } from './control/release-save-lock.ts'
import { retryMapping } from './control/retry-mapping.ts'
import { startSaving } from './control/start-saving.ts'
import { Database, limitsOf } from './database/database.ts'
import { freezeStore } from './freeze/freeze-rules.ts'
import { nodeStore } from './nodes/node-store.ts'
import { expireOperations } from './operations/expire-operations.ts'
import { getOperation } from './operations/get-operation.ts'
import { listChunks } from './operations/list-chunks.ts'
import { listOperations } from './operations/list-operations.ts'
import { setTotal } from './operations/set-total.ts'
import { startOperation } from './operations/start-operation.ts'
import { demandOf } from './publish/demand.ts'
import { markPublished } from './publish/mark-published.ts'
import { reserveRoom } from './publish/reserve-room.ts'
import { reportBuildStore, reportStore } from './reports/report-stores.ts'
import { sourceFileStore } from './source-files/source-file-store.ts'
import { claimRange } from './split/claim-range.ts'
import { commitPage } from './split/commit-page.ts'
import { divideRange } from './split/divide-range.ts'
import { releaseRange } from './split/release-range.ts'
import { readerReplica } from './srs/reader-replica.ts'
import { srsSource } from './srs/srs-source.ts'
import type { StoreContext } from './store-context.ts'
import type { StoreOptions } from './store-options.ts'
import { sweepOperation } from './sweep/sweep-operation.ts'
import { buryTombstone, takeTombstones } from './sweep/tombstones.ts'
import { registerTenant } from './tenants/register-tenant.ts'
import { tenantRegistry } from './tenants/tenant-registry.ts'
import { tenantStore } from './tenants/tenant-store.ts'
import { NotifyWake } from './wake/notify-wake.ts'

/**
 * Everything the database holds, behind the ports of the domain, over one pool. The control schema must be there:
 * `migrateControl` makes it.
 *
 * @throws {MigrationError} STORE_UNAVAILABLE, naming address and settings, when the database does not answer
 */
export async function openStores(options: StoreOptions): Promise<Stores> {
  const { logger, subPath } = options
  const db = new Database(options, limitsOf(options))
  if (options.tokenKey === undefined) logger.info({ from: 'DB_PASSWORD' }, 'token-key.derived')
  const secrets = openSecretBox(options.tokenKey ?? options.password)
  const tenants = tenantRegistry(db, (tenant) => registerTenant(options, tenant, false))
  const replica = options.reader === undefined ? undefined : readerReplica(options, options.reader)
  const context: StoreContext = { db, secrets, subPath, tenants, ...(replica === undefined ? {} : { replica }) }
  const wake = new NotifyWake(db, options)
  try {
    await db.rows('select 1')
  } catch (error) {
    await replica?.close()
    await db.close()
    throw error
  }
  return {
    ...verbs(context, wake),
    tenants: tenantStore(context, options),
    wake,
    ping: async () => {
      await db.again((on) => on.rows('select 1'))
    },
    async close() {
      await wake.close()
      await replica?.close()
      await db.close()
    }
  }
}

/** Whatever arms a stage wakes the coordinators once it is committed, so that they come at once; the publisher, too, for what is due already. */
function armingWith(wake: Wake): <A extends unknown[], R>(verb: (...args: A) => Promise<R>) => (...args: A) => Promise<R> {
  return (verb) =>
    async (...args) => {
      const result = await verb(...args)
      await Promise.all([wake.signal('armed'), wake.signal('room')])
      return result
    }
}

/** The ports without what lives: for who brings connections of his own. */
export function verbs(context: StoreContext, wake: Wake): Omit<Stores, 'tenants' | 'wake' | 'ping' | 'close'> {
  const arming = armingWith(wake)
  const reports = reportStore(context)
  return {
    operations: {
      start: arming((draft) => startOperation(context, draft)),
      get: (tenant, id) => getOperation(context, tenant, id),
      list: (tenant, page) => listOperations(context, tenant, page),
      chunks: (tenant, id, page) => listChunks(context, tenant, id, page),
      setTotal: (tenant, id, total) => setTotal(context, tenant, id, total),
      expire: (tenant, expiry) => expireOperations(context, tenant, expiry)
    },
    control: {
      pause: (tenant, id) => pauseOperation(context, tenant, id),
      resume: arming((tenant, id) => resumeOperation(context, tenant, id)),
      cancel: (tenant, id, stopReason) => cancelOperation(context, tenant, id, stopReason),
      retryMapping: arming((tenant, id, chunkIds, headers) => retryMapping(context, tenant, id, chunkIds, headers)),
      startSaving: arming((tenant, id, chunkIds, options) => startSaving(context, tenant, id, chunkIds, options)),
      releaseSaveLock: (tenant, entityType) => forceReleaseSaveLock(context, tenant, entityType)
    },
    armed: {
      visit: (round, everyMs, limit) => visitArmedStages(context, round, everyMs, limit),
      revisit: (round, armed, inMs) => revisitArmedStage(context, round, armed, inMs),
      disarm: (armed) => disarm(context, armed),
      headers: (armed) => readHeaders(context, armed)
    },
    freeze: freezeStore(context),
    split: {
      claimRange: (tenant, id, owner, leaseMs) => claimRange(context, tenant, id, owner, leaseMs),
      commitPage: (tenant, range, page, leaseMs) => commitPage(context, tenant, range, page, leaseMs),
      divideRange: (tenant, range, cursor, parts) => divideRange(context, tenant, range, cursor, parts),
      releaseRange: (tenant, range) => releaseRange(context, tenant, range)
    },
    publish: {
      demand: (armed, limit) => demandOf(context, armed, limit),
      reserve: (armed, demand) => reserveRoom(context, armed, demand),
      mark: (armed, limit) => markPublished(context, armed, limit)
    },
    chunks: {
      claim: (hint, worker, leaseMs) => claimChunk(context, hint, worker, leaseMs),
      renew: (claim, leaseMs) => renewLease(context, claim, leaseMs),
      giveBack: (claim, reason) => giveBackChunk(context, claim, reason),
      count: (claim, tally) => countChunk(context, claim, tally),
      waiting: (limit) => waitingChunks(context, limit)
    },
    check: {
      finalise: (armed, leaseMs) => finaliseStage(context, armed, leaseMs),
      stop: (stage, ground, stopReason) => stopStage(context, stage, ground, stopReason)
    },
    sweep: {
      sweep: (armed, republishMs) => sweepOperation(context, armed, republishMs),
      takeTombstones: (limit) => takeTombstones(context, limit),
      bury: (tombstone) => buryTombstone(context, tombstone)
    },
    reports: { ...reports, request: arming((tenant, id) => reports.request(tenant, id)) },
    reportBuilds: reportBuildStore(context),
    nodes: nodeStore(context),
    sourceFiles: sourceFileStore(context),
    storedRecords: srsSource(context, randomUUID),
    audit: {
      operationIds: (tenant) => operationIds(context, tenant),
      sums: (tenant, id) => operationSums(context, tenant, id),
      chunks: (tenant, id) => auditChunks(context, tenant, id)
    }
  }
}
