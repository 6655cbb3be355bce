import { envSchema } from 'env-schema'
import type { ConfigFault } from './config-faults.ts'
import { settingsSchema, type SettingName, type SettingSchema, type SettingValues } from './settings-schema.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface SchemaFault {
  readonly instancePath: string
  readonly keyword: string
  readonly params: { readonly limit?: number; readonly allowedValues?: readonly string[] }
}

const schemas = settingsSchema.properties as unknown as Readonly<Record<SettingName, SettingSchema>>
const names = Object.keys(schemas) as SettingName[]

/**
 * The settings among the variables, as text still: trimmed, blank dropped, PORT from SERVER_PORT, and written as the schema
 * expects numbers (`1_000` is FOLIO's own spelling) and flags (`TRUE`, `on` and `1` are what Spring takes).
 */
function settingTexts(env: Environment): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const name of names) {
    const given = givenFor(name, env)
    if (given !== '') texts[name] = spelledForSchema(given, schemas[name])
  }
  return texts
}

function givenFor(name: SettingName, env: Environment): string {
  const given = env[name] ?? ''
  if (given.trim() === '') return name === 'PORT' ? (env['SERVER_PORT'] ?? '').trim() : ''
  return schemas[name].secret === true ? given : given.trim()
}

function spelledForSchema(given: string, schema: SettingSchema): string {
  const type = (schema as { type?: string }).type
  if (type === 'integer') return /^-?\d[\d_]*$/.test(given) ? given.replaceAll('_', '') : `no number: ${given}`
  if (type === 'boolean') {
    const word = given.toLowerCase()
    if (['true', 'on', 'yes', '1'].includes(word)) return 'true'
    if (['false', 'off', 'no', '0'].includes(word)) return 'false'
  }
  return schema.enum === undefined ? given : given.toLowerCase()
}

/** Values by name; every variable that does not fit is a fault, and stands at its default in the values. */
export function parseSettings(env: Environment): { values: SettingValues; faults: ConfigFault[] } {
  const texts = settingTexts(env)
  const tried = tryValidate(texts)
  if ('values' in tried) return { values: tried.values, faults: [] }
  const faulty = [...new Set(tried.faults.map((fault) => fault.instancePath.slice(1) as SettingName))]
  const faults = faulty.map((name) => ({ name, problem: problemOf(name, env, tried.faults) }))
  const sound = Object.entries(texts).filter(([name]) => !faulty.includes(name as SettingName))
  return { values: validate(Object.fromEntries(sound)), faults }
}

function tryValidate(texts: Record<string, string>): { values: SettingValues } | { faults: readonly SchemaFault[] } {
  try {
    return { values: validate(texts) }
  } catch (error) {
    const faults = (error as { errors?: readonly SchemaFault[] }).errors
    if (faults === undefined) throw error
    return { faults }
  }
}

function validate(texts: Record<string, string>): SettingValues {
  return envSchema<SettingValues>({
    schema: settingsSchema,
    env: false,
    data: texts,
    ajv: {
      customOptions: (ajv) => {
        ajv.addVocabulary(['group', 'unit', 'defaultText', 'secret'])
        return ajv
      }
    }
  })
}

function problemOf(name: SettingName, env: Environment, faults: readonly SchemaFault[]): string {
  const schema = schemas[name]
  const shown = schema.secret === true ? 'its value' : `"${givenFor(name, env)}"`
  const fallback = schema.defaultText ?? schema.default
  const unset = fallback === undefined ? '' : `; ${String(fallback)} when unset`
  const fault = faults.find(({ instancePath }) => instancePath === `/${name}`)
  return `${shown} ${whatIsWrong(fault, schema)} (${schema.description}${unset}).`
}

function whatIsWrong(fault: SchemaFault | undefined, schema: SettingSchema): string {
  const unit = schema.unit === undefined ? '' : ` ${schema.unit}`
  switch (fault?.keyword) {
    case 'type':
      return (schema as { type?: string }).type === 'boolean' ? 'is neither true nor false' : 'is no whole number'
    case 'minimum':
      return `is less than ${String(fault.params.limit)}${unit}, the least allowed`
    case 'maximum':
      return `is more than ${String(fault.params.limit)}${unit}, the most allowed`
    case 'minLength':
      return `has fewer than ${String(fault.params.limit)} characters`
    case 'enum':
      return `is none of ${(fault.params.allowedValues ?? []).join(', ')}`
    default:
      return 'does not have the form it must have'
  }
}
