import { RecordFailed } from '../record-failed.ts'
import type { CompileContext } from './compile-item.ts'
import { compileSingleObjectWrite, compileTarget } from './compile-target.ts'
import type { Write } from './compile-target.ts'
import { compileTextRules } from './compile-text-rules.ts'
import type { JsonObject } from './rules-document.ts'
import { textOf } from './rules-document.ts'
import type { Run } from './run.ts'
import { tracedTarget, tracedWrite } from './trace.ts'

/** All entries of a tag that a control field or the leader meets, in order. */
export function compileControlField(
  entries: readonly JsonObject[],
  context: CompileContext
): (run: Run, text: string) => void {
  const steps = entries.map((entry) => ({
    rules: compileTextRules(entry['rules'], context.lists, false),
    write: compileWrite(entry, context)
  }))
  const { trace } = context
  return (run, text) => {
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]
      if (step === undefined) continue
      trace?.entry(i)
      const data = step.rules(text, run)
      if (data !== '') step.write(run, data)
      else trace?.dropped(textOf(entries[i]?.['target']), 'its rules left no text')
    }
  }
}

function compileWrite(entry: JsonObject, { schema, trace }: CompileContext): Write {
  const path = textOf(entry['target'])
  if (path === null) return fail('an entry of a control field has no target')
  if (entry['createSingleObject'] === true) {
    const write = compileSingleObjectWrite(schema, path)
    return trace === undefined ? write : tracedWrite(write, path, trace)
  }
  const target = compileTarget(schema, path)
  if (target !== null) return (trace === undefined ? target : tracedTarget(target, path, trace)).write
  if (!Array.isArray(entry['rules'])) return fail(`"${path}" is no target`)
  return () => trace?.dropped(path, 'no such property can be a target here')
}

function fail(reason: string): Write {
  return () => {
    throw new RecordFailed(reason)
  }
}
