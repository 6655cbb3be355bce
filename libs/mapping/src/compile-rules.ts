import { MigrationError } from '@marc-migrations/domain'
import type { EntityType, RulesTexts } from '@marc-migrations/domain'
import { Draft } from './entity/draft.ts'
import { authorityExtendedSchema, authoritySchema } from './entity/authority-schema.ts'
import { instanceSchema } from './entity/instance-schema.ts'
import { isPlain } from './entity/quote.ts'
import type { EntitySchema } from './entity/schema.ts'
import { entityWriter } from './entity/write-entity.ts'
import { StepTrace, explainRecord } from './explain-record.ts'
import type { Explanation } from './explain-record.ts'
import { referenceLists } from './functions/reference-lists.ts'
import { MappingError, RecordFailed } from './record-failed.ts'
import { readRecord } from './record/read-record.ts'
import { tagFilter } from './record/tag-filter.ts'
import { RecordBuffer } from './record/record-buffer.ts'
import { compileInstanceRepairs } from './repair-instance.ts'
import type { CompileContext } from './rules/compile-item.ts'
import { compileTag } from './rules/compile-tag.ts'
import type { TagPlan } from './rules/compile-tag.ts'
import { compileExtendedTag, failingPlan, isHeadingTag } from './rules/extended-rules.ts'
import { mapRecord } from './rules/map-record.ts'
import type { TagPlans } from './rules/map-record.ts'
import { isObject } from './rules/rules-document.ts'
import type { JsonObject } from './rules/rules-document.ts'
import { Run } from './rules/run.ts'
import { compileSourceFileLink } from './source-file-link.ts'

/** `authority` and `instance` are what the migration uses; `authority-extended` serves other FOLIO modules only. */
export type Mapper = 'authority' | 'authority-extended' | 'instance'

export interface MappingOptions extends RulesTexts {
  readonly entityType: EntityType
  /** The entity type's own mapper when absent. */
  readonly mapper?: Mapper
}

/** Compiled rules: maps one record into a draft that the next record overwrites. */
export interface CompiledRules {
  readonly schema: EntitySchema
  /**
   * @param marc MARC-in-JSON text
   * @returns null when the mapper gives nothing; `failure` then says why
   * @throws {MappingError} where FOLIO's mapper throws
   */
  map(marc: string): Draft | null
  failure(): string
  /** Maps one record anew with rules that tell what they do; never throws for a record. */
  explain(marc: string): Explanation
}

/** @throws {MigrationError} RULES_INVALID */
export function compileRules(options: MappingOptions): CompiledRules {
  const mapper = options.mapper ?? options.entityType
  const rules = parseObject('rules', options.rules)
  const params = parseObject('params', options.params)
  const lists = referenceLists(params)
  const plainConstants = isPlain(params) && isPlain(constantsOf(rules))
  const schema = schemaOf(mapper)
  const plans = compilePlans(mapper, rules, { schema, lists })
  const link = mapper === 'instance' ? null : compileSourceFileLink(schema, lists)
  const repair = mapper === 'instance' ? compileInstanceRepairs(schema) : null

  const finish = (record: RecordBuffer, draft: Draft) => {
    link?.(record, draft)
    repair?.(draft)
  }

  const filter = tagFilter((tag) => tag === '001' || (tag === '010' && link !== null) || plans.of(tag) !== undefined)
  const record = new RecordBuffer()
  const run = new Run(new Draft(schema))
  let failure = ''
  return {
    schema,
    failure: () => failure,
    map: (marc) => {
      try {
        readRecord(marc, record, filter)
        mapRecord(plans, run, record)
      } catch (error) {
        if (!(error instanceof RecordFailed)) throw error
        // The step that sets the source file works on the mapper's result, and fails when there is none.
        if (link !== null) throw new MappingError(error.message)
        failure = error.message
        return null
      }
      run.draft.plain = record.plain && plainConstants
      finish(record, run.draft)
      return run.draft
    },
    explain: (marc) => {
      const trace = new StepTrace()
      const write = entityWriter(schema)
      return explainRecord(marc, {
        plans: compilePlans(mapper, rules, { schema, lists, trace }),
        trace,
        draft: new Draft(schema),
        finish,
        nothingIsError: link !== null,
        entityOf: (draft) => JSON.parse(write(draft)) as Record<string, unknown>
      })
    }
  }
}

function schemaOf(mapper: Mapper): EntitySchema {
  if (mapper === 'instance') return instanceSchema
  return mapper === 'authority' ? authoritySchema : authorityExtendedSchema
}

function compilePlans(mapper: Mapper, rules: JsonObject, context: CompileContext): TagPlans {
  const extended = mapper === 'authority-extended'
  const compile = extended ? compileExtendedTag : compileTag
  const plans = new Map<string, TagPlan>(
    Object.entries(rules)
      .filter(([, entries]) => entries !== null)
      .map(([tag, entries]) => [tag, compile(tag, entries, context)])
  )
  if (!extended) return { of: (tag) => plans.get(tag) }
  return { of: (tag) => plans.get(tag) ?? (isHeadingTag(tag) ? failingPlan : undefined) }
}

/** The texts of rules that can come into an entity: patterns and descriptions cannot. */
function constantsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(constantsOf)
  if (!isObject(value)) return value
  return Object.entries(value).map(([key, member]) =>
    key === 'description' || key === 'oclc_regex' ? null : constantsOf(member)
  )
}

function parseObject(what: 'rules' | 'params', text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new MigrationError('RULES_INVALID', { text: what, reason: 'not JSON' }, error)
  }
  if (!isObject(value)) throw new MigrationError('RULES_INVALID', { text: what, reason: 'not a JSON object' })
  return value
}
