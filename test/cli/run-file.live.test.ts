import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { canEnter } from '../../apps/cli/src/embedded/can-enter.ts'
import { unprivilegedUser } from '../../apps/cli/src/embedded/unprivileged-user.ts'
import { demoRecords, plantedFaults } from '../../apps/cli/src/demo-file/demo-file.ts'
import { aDirectory, command, processesOf, start, temporaryEnv } from './command.ts'

vi.setConfig({ testTimeout: 240_000 })

let dir: string
let env: Record<string, string>
beforeEach(() => {
  dir = aDirectory()
  env = temporaryEnv(dir)
})

function aFile(records: number, broken: number): string {
  const path = join(dir, 'authorities.mrc')
  writeFileSync(path, Buffer.concat([...demoRecords({ records, broken })]))
  return path
}

const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => processesOf(dir), { timeout: 20_000 }).toEqual([])
  await expect
    .poll(() => readdirSync(join(dir, 'tmp')).filter((name) => !name.startsWith('tsx-')), { timeout: 5_000 })
    .toEqual([])
}

describe('run FILE', () => {
  test('maps every record once, in source order, and names those it could not read', async () => {
    const options = { records: 1700, broken: 4 }
    const file = aFile(options.records, options.broken)
    const out = join(dir, 'out')
    const { code, stdout } = await command(['run', file, '--out', out], env)

    expect(code).toBe(3)
    expect(stdout).toMatch(/^Finished, 4 rejected\.\n {2}read {6}1,700\n {2}mapped {4}1,696\n {2}rejected {6}4\n/)
    expect(readdirSync(out).sort()).toEqual(['entities.jsonl', 'rejected.jsonl', 'rejected.mrc', 'report.json'])

    const planted = plantedFaults(options).map(({ index }) => index)
    const rejected = linesOf(join(out, 'rejected.jsonl')) as {
      index: number
      offset: number
      length: number
      reason: string
    }[]
    expect(rejected.map(({ index }) => index)).toEqual(planted)
    expect(rejected.every(({ reason }) => reason.length > 10)).toBe(true)
    const bytes = readFileSync(file)
    const cut = rejected.map(({ offset, length }) => bytes.subarray(offset, offset + length))
    expect(readFileSync(join(out, 'rejected.mrc')).equals(Buffer.concat(cut))).toBe(true)

    const entities = linesOf(join(out, 'entities.jsonl')) as { id: string; source: string; naturalId?: string }[]
    expect(entities).toHaveLength(1696)
    expect(new Set(entities.map(({ id }) => id)).size).toBe(1696)
    expect(entities.every(({ source }) => source === 'MARC')).toBe(true)
    const numbers = entities.map(({ naturalId = '' }) => Number(naturalId.replace(/\D/g, '')))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))

    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as {
      chunks: { read: number; mapped: number; rejected: number }[]
    }
    expect(report).toMatchObject({ read: 1700, mapped: 1696, rejected: 4, reconciled: true, exitCode: 3 })
    expect(report.chunks.map(({ read }) => read)).toEqual([500, 500, 500, 200])
    expect(report.chunks.every(({ read, mapped, rejected: lost }) => read === mapped + lost)).toBe(true)
    await expectNothingLeft()
  })

  test('ends with 0 when every record was mapped, and prints the report as JSON', async () => {
    const { code, stdout, stderr } = await command(['run', aFile(600, 0), '--workers', '1', '--json', '--no-progress'], env)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ read: 600, mapped: 600, rejected: 0, reconciled: true })
    expect(stderr).not.toContain('mapping:')
    await expectNothingLeft()
  })

  test('works for an ordinary user, too', async (context) => {
    const ids = unprivilegedUser()
    if (ids !== undefined && !canEnter(import.meta.dirname, ids)) return context.skip('the clone is closed to other users')
    const file = aFile(300, 1)
    const env = temporaryEnv(aDirectory(), ids?.uid)
    const { code, stderr } = await command(['run', file], env, { ...ids, cwd: '/' })
    expect({ code, stderr }).toMatchObject({ code: 3 })
    await expectNothingLeft()
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const)('%s ends it with %i and leaves nothing', async (signal, exitCode) => {
    const { child, ended, output } = start(['run', aFile(60_000, 0)], env)
    await expect.poll(output, { timeout: 60_000 }).toContain('sent authorities.mrc')
    child.kill(signal)
    expect((await ended).code).toBe(exitCode)
    await expectNothingLeft()
  })

  test('killed, it takes everything with it', async () => {
    const { child, ended, output } = start(['run', aFile(60_000, 0)], env)
    await expect.poll(output, { timeout: 60_000 }).toContain('sent authorities.mrc')
    expect(processesOf(dir).length).toBeGreaterThan(4)
    child.kill('SIGKILL')
    await ended
    await expectNothingLeft()
  })

  test('goes on when a worker is killed, and says so', async () => {
    const { ended, output } = start(['run', aFile(30_000, 0)], {
      ...env,
      LEASE_MS: '3000',
      LEASE_RENEW_MS: '1000',
      SWEEP_INTERVAL_MS: '1000'
    })
    await expect.poll(output, { timeout: 60_000 }).toContain('sent authorities.mrc')
    const worker = processesOf(dir).find((pid) =>
      /marc-migrations\.js\0worker/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    )
    process.kill(Number(worker), 'SIGKILL')
    const { code, stdout, stderr } = await ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toMatch(/worker-\d has ended \(SIGKILL\); another takes its place/)
    expect(stdout).toContain('read = mapped + rejected in every one')
  })
})

test('demo makes a file, and is content when just the records broken on purpose are rejected', async () => {
  const { code, stdout, stderr } = await command(['demo'], env)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(stdout).toContain('Finished, 7 rejected: just the ones broken on purpose.')
  expect(stdout).toContain('20,000')
  await expectNothingLeft()
})

describe('bad input', () => {
  test.each([
    ['a file that is not there', () => join(dir, 'nothing.mrc'), /nothing\.mrc: there is no such file/],
    ['a directory', () => dir, /it is a directory/],
    ['an empty file', () => writeTo('empty.mrc', ''), /empty\.mrc: it is empty/]
  ])('%s is refused before anything is started', async (_what, path, message) => {
    const { code, stderr } = await command(['run', path()], env)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string })
  })

  test('a file that is no MARC is refused, with what to do', async () => {
    const { code, stderr } = await command(['run', writeTo('letter.doc', 'Dear library,\n'.repeat(50))], env)
    expect(code).toBe(2)
    expect(stderr).toMatch(/letter\.doc: no MARC records were recognised\. ISO 2709/)
  })

  test('an output directory that holds something else is left alone', async () => {
    const other = writeTo('thesis.tex', 'years of work')
    const { code, stderr } = await command(['run', aFile(10, 0), '--out', dir], env)
    expect(code).toBe(2)
    expect(stderr).toContain('holds other files')
    expect(existsSync(other)).toBe(true)
  })

  test.each([
    [['run'], /missing required argument/],
    [['run', 'x', '--workers', '0'], /whole number from 1 to 64/],
    [['run', 'x', '--entity', 'holdings'], /authority, instance/],
    [['fly'], /unknown command/]
  ])('the command line %j is bad usage', async (args, message) => {
    const { code, stderr } = await command(args, env)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string })
  })

  function writeTo(name: string, content: string): string {
    const path = join(dir, name)
    writeFileSync(path, content)
    return path
  }
})
