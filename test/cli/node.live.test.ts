import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { freePort } from '../../apps/cli/src/embedded/free-port.ts'
import { aDirectory, command, processesOf, start, temporaryEnv } from './command.ts'

vi.setConfig({ testTimeout: 240_000 })

describe('a node that cannot start', () => {
  test.each(['coordinator', 'worker', 'serve', 'migrate-db'])(
    '%s names address and settings of a database that does not answer',
    async (verb) => {
      const port = String(await freePort())
      const env = {
        DB_HOST: '127.0.0.1',
        DB_PORT: port,
        OBJECTS_DIR: join(aDirectory(), 'objects'),
        RULES_SOURCE: 'default'
      }
      const { code, stderr } = await command([verb], env)
      expect(code).toBe(6)
      expect(stderr).toContain(`PostgreSQL at 127.0.0.1:${port} cannot be used (ECONNREFUSED). Look at DB_HOST, DB_PORT.`)
      expect(stderr).not.toContain('    at ')
    }
  )

  test('names all faults of its configuration at once', async () => {
    const { code, stderr, stdout } = await command(['worker'], { DB_PORT: 'x', LEASE_MS: '10', DB_PASSWORD: 'CANARY' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/The configuration has 3 faults:\n {2}DB_PORT .*\n {2}LEASE_MS .*\n {2}S3_BUCKET /)
    expect(stderr + stdout).not.toContain('CANARY')
  })

  test('a tenant that is no identifier is refused before the database is asked', async () => {
    const { code, stderr } = await command(['migrate-db', '--tenant', 'a;drop'], { DB_HOST: '127.0.0.1', DB_PORT: '1' })
    expect(code).toBe(2)
    expect(stderr).toContain('TENANT_MALFORMED')
  })
})

describe('serve --embedded', () => {
  test('serves, ends in order, and has its operations again at the next start', async () => {
    const dir = aDirectory()
    const args = ['serve', '--embedded', '--data-dir', join(dir, 'state')]
    const env = { ...temporaryEnv(dir), PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) }
    const url = `http://127.0.0.1:${env.PORT}`

    const first = start(args, env)
    await expect.poll(() => first.output(), { timeout: 60_000 }).toContain(`marc-migrations is at ${url}/`)
    expect(await (await fetch(`${url}/admin/health`)).json()).toMatchObject({ status: 'UP' })
    const admin = `http://127.0.0.1:${env.ADMIN_PORT}/admin`
    expect(await (await fetch(`${admin}/nodes`)).json()).toMatchObject({ totalRecords: 1, nodes: [{ kind: 'serve' }] })
    expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/^marc_migration_chunks_in_flight 0$/m)
    expect((await fetch(`${url}/admin/metrics`)).status).toBe(404)
    await quieted(admin)
    const uploaded = await fetch(`${url}/marc-migrations/sources/one.jsonl`, {
      method: 'PUT',
      body: '{"leader":"00000nz  a2200000n  4500","fields":[{"001":"n1"},{"100":{"ind1":"1","ind2":" ","subfields":[{"a":"Dvořák"}]}}]}\n'
    })
    expect(uploaded.status).toBe(201)

    const rival = await command(['serve', '--embedded', '--data-dir', join(dir, 'other')], { ...env, ADMIN_PORT: '0' })
    expect(rival.code).toBe(2)
    expect(rival.stderr).toContain(
      `Another process listens on 127.0.0.1:${env.PORT} already. Look at HOST, PORT, ADMIN_HOST, ADMIN_PORT.`
    )

    const second = await command(args, { ...env, PORT: '0', ADMIN_PORT: '-1' })
    expect(second.code).toBe(2)
    expect(second.stderr).toContain('used by another marc-migrations')

    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)
    await expect.poll(() => processesOf(dir), { timeout: 10_000 }).toEqual([])

    const again = start(args, env)
    await expect.poll(() => again.output(), { timeout: 60_000 }).toContain('marc-migrations is at')
    expect(await (await fetch(`${url}/marc-migrations/sources`)).json()).toMatchObject({ totalRecords: 1 })
    const audit = await command(['verify', '--all', '--embedded', '--data-dir', join(dir, 'state')], env)
    expect(audit.code).toBe(0)
    again.child.kill('SIGKILL')
    await expect.poll(() => processesOf(dir), { timeout: 20_000 }).toEqual([])
  })
})

/** Has the cluster log errors only, and sees that the database keeps it. */
async function quieted(admin: string): Promise<void> {
  const level = await fetch(`${admin}/loggers/ROOT`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"configuredLevel":"ERROR"}'
  })
  expect(level.status).toBe(204)
  expect(await (await fetch(`${admin}/settings`)).json()).toMatchObject({ logLevel: 'error' })
}
