import { settingsSchema, type SettingName, type SettingSchema } from './settings-schema.ts'

/** One row of the table of settings, as `.env.example` and the documentation show it. */
export interface Setting {
  readonly name: SettingName
  readonly group: string
  /** Text as it would stand in the environment, or in words where it depends on something else; empty = unset. */
  readonly default: string
  /** ms, bytes, records …; empty for texts. */
  readonly unit: string
  readonly meaning: string
}

function row([name, schema]: [string, SettingSchema]): Setting {
  return {
    name: name as SettingName,
    group: schema.group,
    default: schema.defaultText ?? String(schema.default ?? ''),
    unit: schema.unit ?? '',
    meaning: schema.enum === undefined ? schema.description : `${schema.description} (${schema.enum.join(', ')})`
  }
}

/** Every setting, in the order of its groups. */
export const settings: readonly Setting[] = Object.entries(
  settingsSchema.properties as unknown as Record<string, SettingSchema>
).map(row)
