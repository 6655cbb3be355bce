import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { demoRecords } from '../../apps/cli/src/demo-file/demo-file.ts'
import { aDirectory, command } from './command.ts'

vi.setConfig({ testTimeout: 240_000 })

let dir: string
beforeEach(() => (dir = aDirectory()))

const demo = (records: number, broken: number): Buffer => Buffer.concat([...demoRecords({ records, broken })])
function aFile(name: string, content: string | Uint8Array): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}
const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('convert', () => {
  test('through every format and back gives the same records', async () => {
    const file = aFile('a.mrc', demo(40, 0))
    const { stdout: wanted } = await command(['convert', file, '--to', 'jsonl'])
    expect(lines(wanted)).toHaveLength(40)
    for (const format of ['iso2709', 'marcxml', 'mrk']) {
      const { stdout } = await command(['convert', file, '--to', format])
      const back = await command(['convert', '-', '--to', 'jsonl'], {}, { input: Buffer.from(stdout) })
      expect(back, format).toEqual({ code: 0, stdout: wanted, stderr: '' })
    }
  })

  test('names each record it cannot read in a line of JSON, goes on, and ends with 3', async () => {
    const { code, stdout, stderr } = await command(['convert', aFile('a.mrc', demo(50, 3)), '--to', 'jsonl'])
    expect(code).toBe(3)
    expect(lines(stdout)).toHaveLength(47)
    const errors = lines(stderr)
    expect(errors.map(({ index }) => index)).toEqual([16, 32, 49])
    expect(errors.every((error) => Object.keys(error).join() === 'index,offset,error')).toBe(true)
  })

  test('reads several files, packed ones too, and says whose record it was', async () => {
    const packed = aFile('packed.mrc.gz', gzipSync(demo(5, 0)))
    const broken = aFile('broken.mrc', demo(5, 1))
    const { code, stdout, stderr } = await command(['convert', packed, broken, '--to', 'jsonl'])
    expect(code).toBe(3)
    expect(lines(stdout)).toHaveLength(9)
    expect(lines(stderr)).toMatchObject([{ index: 4, file: broken }])
  })

  test('a file that is none of the formats is bad usage', async () => {
    const { code, stderr } = await command(['convert', aFile('x.txt', 'hello'), '--to', 'jsonl'])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('If it is one of them, name it by --from.') as string
    })
  })
})

describe('map', () => {
  const marc = (tag: string): string =>
    `{"leader":"00000nz  a2200000n  4500","fields":[{"001":"n 1"},{"${tag}":{"ind1":"1","ind2":" ","subfields":[{"a":"Dvořák, Antonín"}]}}]}\n`

  test('gives a line for each record, in order, the unreadable ones with their error', async () => {
    const { code, stdout } = await command(['map', aFile('a.mrc', demo(30, 2)), '--entity', 'authority'])
    expect(code).toBe(3)
    const found = lines(stdout)
    expect(found).toHaveLength(30)
    expect(found.flatMap((line, i) => ('error' in line ? [[i, line['index']]] : []))).toEqual([
      [14, 14],
      [29, 29]
    ])
    expect(found[0]).toMatchObject({ source: 'MARC', id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/) as string })
  })

  test('maps with our own rules unless others are given', async () => {
    const file = aFile('a.jsonl', marc('100'))
    const own = await command(['map', file, '--entity', 'authority', '--bare'])
    expect(lines(own.stdout)).toMatchObject([{ personalName: 'Dvořák, Antonín' }])
    expect(lines(own.stdout)[0]).not.toHaveProperty('source')

    const rules = aFile('rules.json', '{"100":[{"target":"corporateName","description":"x","subfield":["a"],"rules":[]}]}')
    const other = await command(['map', file, '--entity', 'authority', '--rules', rules])
    expect(lines(other.stdout)).toMatchObject([{ corporateName: 'Dvořák, Antonín' }])
  })

  test('makes the same id again for the same tenant, and another for another', async () => {
    const file = aFile('a.jsonl', marc('100'))
    const runs = [[], ['--tenant', 'demo'], ['--tenant', 'other']]
    const made = await Promise.all(runs.map((more) => command(['map', file, '--entity', 'authority', ...more])))
    const [first, same, other] = made.map(({ stdout }) => lines(stdout)[0]?.['id'])
    expect(same).toBe(first)
    expect(other).not.toBe(first)
  })

  test.each([
    ['rules that are not there', ['--rules', '/nowhere.json'], /--rules: ENOENT/],
    ['rules that are no JSON', ['--params', 'PARAMS'], /RULES_INVALID/]
  ])('%s are bad usage', async (_what, args, message) => {
    const broken = aFile('broken.json', '{')
    const file = aFile('a.jsonl', marc('100'))
    const given = args.map((arg) => (arg === 'PARAMS' ? broken : arg))
    const { code, stderr } = await command(['map', file, '--entity', 'authority', ...given])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string })
  })
})
