import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { directoryRules } from '@marc-migrations/folio'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'rules-test-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(file: string, content: string): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true })
  writeFileSync(join(dir, file), content)
}

const fetch = (tenant: string, entityType: 'authority' | 'instance' = 'authority') =>
  directoryRules(dir).fetch({ tenant, entityType, headers: {} })

describe('rules of a directory', () => {
  test('are the common ones for a tenant without a folder, and its own for one that has it', async () => {
    write('authority.rules.json', '{"100":[]}')
    write('authority.params.json', '{}')
    write('diku/authority.rules.json', '{"110":[]}')
    write('diku/authority.params.json', '{"authoritySourceFiles":[]}')

    expect(await fetch('college')).toEqual({ rules: '{"100":[]}', params: '{}' })
    expect(await fetch('diku')).toEqual({ rules: '{"110":[]}', params: '{"authoritySourceFiles":[]}' })
  })

  test('differ by entity type', async () => {
    write('instance.rules.json', '{"245":[]}')
    write('instance.params.json', '{}')
    expect(await fetch('diku', 'instance')).toMatchObject({ rules: '{"245":[]}' })
    await expect(fetch('diku', 'authority')).rejects.toMatchObject({ code: 'RULES_UNAVAILABLE' })
  })

  test('are read anew each time, and without a byte order mark', async () => {
    write('authority.rules.json', '{"100":[]}')
    write('authority.params.json', '{}')
    const source = directoryRules(dir)
    const request = { tenant: 'diku', entityType: 'authority', headers: {} } as const
    await source.fetch(request)
    write('authority.rules.json', '\uFEFF{"111":[]}')
    expect(await source.fetch(request)).toMatchObject({ rules: '{"111":[]}' })
  })

  test("a tenant's folder is not filled up from the common files", async () => {
    write('authority.rules.json', '{}')
    write('authority.params.json', '{}')
    write('diku/authority.rules.json', '{}')
    await expect(fetch('diku')).rejects.toMatchObject({
      code: 'RULES_UNAVAILABLE',
      facts: { file: join(dir, 'diku', 'authority.params.json'), reason: 'ENOENT', setting: 'RULES_DIR' }
    })
  })

  test.each([
    ['broken JSON', '{"100":'],
    ['an array', '[]'],
    ['null', 'null'],
    ['nothing', '']
  ])('%s is RULES_INVALID and names the file', async (_what, content) => {
    write('authority.rules.json', content)
    write('authority.params.json', '{}')
    await expect(fetch('diku')).rejects.toMatchObject({
      code: 'RULES_INVALID',
      facts: { file: join(dir, 'authority.rules.json') }
    })
  })

  test('a tenant that is no identifier leads to no file', async () => {
    await expect(fetch('../diku')).rejects.toMatchObject({ code: 'TENANT_MALFORMED' })
  })
})
