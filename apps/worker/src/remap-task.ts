import type { RemapOutcome, RemapTask } from '@marc-migrations/domain'
import { remapRecords } from '@marc-migrations/flow'
import { compileMapping } from '@marc-migrations/mapping'
import type { CompiledMapping } from '@marc-migrations/mapping'

/** What crosses into a thread: the rules as shared bytes, since every chunk of an operation brings the same. */
export type ThreadTask = Omit<RemapTask, 'rules'> & { readonly rules: SharedRules | null }

export interface SharedRules {
  readonly hash: string
  readonly rules: SharedArrayBuffer
  readonly params: SharedArrayBuffer
}

/** Rule sets a thread keeps compiled. */
const COMPILED_KEPT = 8
const compiled = new Map<string, CompiledMapping>()

/** Runs in a mapping thread: one chunk in, three files out. */
export function remapTask(task: ThreadTask): RemapOutcome {
  return remapRecords(task, task.rules === null ? null : mappingFor(task, task.rules))
}

function mappingFor(task: ThreadTask, rules: SharedRules): CompiledMapping {
  const key = `${task.entityType}/${rules.hash}`
  const mapping =
    compiled.get(key) ??
    compileMapping({ entityType: task.entityType, rules: textOf(rules.rules), params: textOf(rules.params) })
  compiled.delete(key)
  compiled.set(key, mapping)
  const oldest = compiled.keys().next().value
  if (compiled.size > COMPILED_KEPT && oldest !== undefined) compiled.delete(oldest)
  return mapping
}

function textOf(shared: SharedArrayBuffer): string {
  return Buffer.from(shared).toString('utf8')
}
