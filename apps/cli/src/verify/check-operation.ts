import { isTerminal } from '@marc-migrations/domain'
import type { AuditSums, Operation } from '@marc-migrations/domain'
import type { Finding } from './finding.ts'

/**
 * Holds an operation's own row against the sums over its chunks: counters are sums (I3), and it is terminal exactly when
 * sealed with nothing open, or stopped for a reason that is named (I4).
 */
export function checkOperation(operation: Operation, sums: AuditSums): readonly Finding[] {
  return [...checkCounters(operation, sums), ...checkStatus(operation, sums)]
}

function* checkCounters(operation: Operation, sums: AuditSums): Iterable<Finding> {
  const pairs = [
    ['mapped', operation.mappedRecords, sums.mapped],
    ['rejected', operation.rejectedRecords, sums.rejected],
    ['saved', operation.savedRecords, sums.saved],
    ...(operation.chunkingSealed ? ([['total', operation.totalRecords, sums.recordCount]] as const) : [])
  ] as const
  for (const [name, counter, sum] of pairs) {
    if (counter !== sum) yield broken('I3', `${name} is ${counter}, its chunks add up to ${sum}`)
  }
  if (operation.chunkingSealed && operation.mappedRecords + operation.rejectedRecords > operation.totalRecords) {
    yield broken('I3', 'more records are mapped and rejected than there are')
  }
  if (operation.chunkingSealed && sums.openRanges > 0) yield broken('I4', 'sealed while a range is still being split')
}

function* checkStatus(operation: Operation, sums: AuditSums): Iterable<Finding> {
  const { status, stopReason } = operation
  const terminal = isTerminal(status)
  if (terminal === sums.armed) yield broken('I4', `status ${status}, and the stage is ${sums.armed ? 'still' : 'not'} armed`)
  if (!terminal || stopReason !== null) return
  if (!operation.chunkingSealed) yield broken('I4', `${status} without a seal or a reason`)
  if (sums.openChunks > 0) yield broken('I4', `${status} with ${sums.openChunks} open chunks`)
  if (sums.saveLockHeld) yield broken('I4', `${status} with the save lock held`)
  if (operation.mappedRecords + operation.rejectedRecords !== operation.totalRecords) {
    yield broken(
      'I1',
      `${operation.mappedRecords} mapped + ${operation.rejectedRecords} rejected of ${operation.totalRecords}`
    )
  }
  if (status === 'DATA_MAPPING_COMPLETED' && operation.rejectedRecords > 0)
    yield broken('I4', 'COMPLETED with rejected records')
  if (status === 'DATA_MAPPING_FAILED' && operation.rejectedRecords === 0) yield broken('I4', 'FAILED with nothing rejected')
  if (status === 'DATA_SAVING_COMPLETED' && (sums.unsavedChunks > 0 || operation.savedRecords !== operation.totalRecords)) {
    yield broken('I4', 'COMPLETED with records that are not saved')
  }
}

function broken(invariant: string, message: string): Finding {
  return { severity: 'broken', invariant, message }
}
