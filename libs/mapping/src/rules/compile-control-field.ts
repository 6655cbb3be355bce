import { RecordFailed } from '../record-failed.ts'
import type { CompileContext } from './compile-item.ts'
import { compileSingleObjectWrite, compileTarget } from './compile-target.ts'
import type { Write } from './compile-target.ts'
import { compileTextRules } from './compile-text-rules.ts'
import type { JsonObject } from './rules-document.ts'
import { textOf } from './rules-document.ts'
import type { Run } from './run.ts'

/** All entries of a tag that a control field or the leader meets, in order. */
export function compileControlField(
  entries: readonly JsonObject[],
  context: CompileContext
): (run: Run, text: string) => void {
  const steps = entries.map((entry) => ({
    rules: compileTextRules(entry['rules'], context.lists, false),
    write: compileWrite(entry, context)
  }))
  return (run, text) => {
    for (const { rules, write } of steps) {
      const data = rules(text, run)
      if (data !== '') write(run, data)
    }
  }
}

function compileWrite(entry: JsonObject, { schema }: CompileContext): Write {
  const path = textOf(entry['target'])
  if (path === null) return fail('an entry of a control field has no target')
  if (entry['createSingleObject'] === true) return compileSingleObjectWrite(schema, path)
  const target = compileTarget(schema, path)
  if (target !== null) return target.write
  return Array.isArray(entry['rules']) ? () => undefined : fail(`"${path}" is no target`)
}

function fail(reason: string): Write {
  return () => {
    throw new RecordFailed(reason)
  }
}
