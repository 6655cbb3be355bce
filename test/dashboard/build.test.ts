import { execFile } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
let clone = ''
let dashboard = ''

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'page-build-'))
  dashboard = join(clone, 'apps', 'dashboard')
  await mkdir(dashboard, { recursive: true })
  for (const part of ['src', 'public', 'index.html', 'package.json', 'build.js']) {
    await cp(join(root, 'apps', 'dashboard', part), join(dashboard, part), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'))
})

afterAll(() => rm(clone, { recursive: true, force: true }))

async function build(): Promise<string> {
  return (await run(process.execPath, [join(dashboard, 'build.js')])).stdout.trim()
}

test('two processes that start at once on a fresh clone get one whole page', async () => {
  const [first, second] = await Promise.all([build(), build()])
  expect(first).toBe(join(dashboard, 'dist'))
  expect(second).toBe(first)
  const page = await readFile(join(first, 'index.html'), 'utf8')
  const assets = [...page.matchAll(/"\/(assets\/[^"]+)"/g)].map(([, asset = '']) => asset)
  expect(assets).toHaveLength(2)
  for (const asset of assets) expect((await stat(join(first, asset))).size).toBeGreaterThan(1000)
  expect((await readdir(dashboard)).filter((name) => name.startsWith('dist'))).toEqual(['dist'])
})

test('the page holds no inline script or style, so that a strict policy can be kept', async () => {
  const page = await readFile(join(await build(), 'index.html'), 'utf8')
  expect(page).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/)
})

test('a page that is current is not built again, one older than its sources is', async () => {
  const page = join(await build(), 'index.html')
  const built = (await stat(page)).mtimeMs
  await build()
  expect((await stat(page)).mtimeMs).toBe(built)
  await appendFile(join(dashboard, 'src', 'style.css'), '\n.new-rule {\n  color: red;\n}\n')
  await build()
  expect((await stat(page)).mtimeMs).toBeGreaterThan(built)
})

test('a page that cannot be built says why and ends with 1', async () => {
  await appendFile(join(dashboard, 'src', 'main.tsx'), '\nimport "./no-such-file.ts"\n')
  await expect(build()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('no-such-file') as string })
})
