import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MigrationError, parseTenantId, type EntityType, type RulesSource } from '@marc-migrations/domain'

/**
 * Mapping rules and reference data of one's own: `{authority,instance}.{rules,params}.json`, in the folder of the tenant where
 * there is one, else in the directory itself. A tenant's folder is never mixed with the common files: what it lacks is an error.
 *
 * Files are read at each fetch, so that an edit holds from the next operation on; running ones keep what they froze.
 *
 * @returns a source that throws RULES_UNAVAILABLE for a file that is not there or cannot be read, and RULES_INVALID for one that
 * holds no JSON object; both name the file
 */
export function directoryRules(dir: string): RulesSource {
  return {
    fetch: async ({ tenant, entityType }) => {
      const folder = await folderOf(dir, parseTenantId(tenant))
      const [rules, params] = await Promise.all([
        readJsonObject(folder, entityType, 'rules'),
        readJsonObject(folder, entityType, 'params')
      ])
      return { rules, params }
    }
  }
}

async function folderOf(dir: string, tenant: string): Promise<string> {
  const own = join(dir, tenant)
  try {
    return (await stat(own)).isDirectory() ? own : dir
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return dir
    throw unavailable(own, error)
  }
}

async function readJsonObject(folder: string, entityType: EntityType, part: 'rules' | 'params'): Promise<string> {
  const file = join(folder, `${entityType}.${part}.json`)
  const text = await readText(file)
  const parsed = parse(text, file)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new MigrationError('RULES_INVALID', { file, problem: 'holds no JSON object' })
  }
  return text
}

async function readText(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8')
    return text.replace(/^\uFEFF/, '')
  } catch (error) {
    throw unavailable(file, error)
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new MigrationError(
      'RULES_INVALID',
      { file, problem: error instanceof Error ? error.message : 'holds no JSON' },
      error
    )
  }
}

function unavailable(file: string, error: unknown): MigrationError {
  const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
  return new MigrationError('RULES_UNAVAILABLE', { setting: 'RULES_DIR', file, reason }, error)
}
