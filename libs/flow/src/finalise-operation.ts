import type { ArmedStage, CheckStore, Logger, Verdict } from '@marc-migrations/domain'

export interface FinalisePorts {
  readonly check: CheckStore
  readonly logger: Logger
}

/**
 * Looks whether a stage is over, and ends it: sealed, nothing open, processed = total.
 *
 * The armed row goes in the transaction that makes the operation terminal: the check cancels itself, whichever process
 * makes it, and nothing has to be started or stopped for it.
 */
export async function finaliseOperation(stage: ArmedStage, ports: FinalisePorts, leaseMs: number): Promise<Verdict> {
  const verdict = await ports.check.finalise(stage, leaseMs)
  const { tenant, operationId } = stage
  if (verdict.outcome === 'finalised') {
    const { status, stopReason } = verdict
    ports.logger.info({ tenant, operationId, stage: stage.stage, status, stopReason }, 'operation.finalised')
  }
  if (verdict.outcome === 'gone') ports.logger.warn({ tenant, operationId }, 'operation.gone')
  return verdict
}
