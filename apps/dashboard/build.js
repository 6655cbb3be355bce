// Builds the page where its output is missing or older than its sources, and prints the directory it lies in.
// Started as a process of its own, so that the bundler's memory is given back before the service runs.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const STAMP = '.sources.sha256'

/** @returns {string} hash over everything the page is made of */
function sourcesHash() {
  const hash = createHash('sha256')
  const inputs = ['index.html', 'package.json', ...filesBelow('src'), ...filesBelow('public')]
  for (const name of inputs.sort())
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(here, name)))
      .update('\0')
  return hash.digest('hex')
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(join(here, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(here.length + 1))
}

/** @param {string} dir @param {string} hash @returns {boolean} */
function isCurrent(dir, hash) {
  return existsSync(join(dir, STAMP)) && readFileSync(join(dir, STAMP), 'utf8') === hash
}

/** @param {string} outDir @param {string} hash */
async function buildInto(outDir, hash) {
  const { build } = await import('vite')
  await build({
    configFile: false,
    root: here,
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { outDir, emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 }
  })
  writeFileSync(join(outDir, STAMP), hash)
}

/** Built beside its place and moved there whole: two processes that start at once never serve half a page. */
async function replace(dir, hash) {
  const fresh = `${dir}.${process.pid}`
  try {
    await buildInto(fresh, hash)
    const old = `${fresh}.old`
    if (existsSync(dir)) renameSync(dir, old)
    if (!existsSync(dir)) renameSync(fresh, dir)
    rmSync(old, { recursive: true, force: true })
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Where the clone cannot be written to, the page lies in a directory of this user's own. */
function fallbackDir() {
  const uid = process.getuid?.() ?? 0
  const dir = join(tmpdir(), `marc-migrations-page-${uid}`)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (process.getuid && statSync(dir).uid !== uid) throw new Error(`${dir} belongs to another user; remove it`)
  return join(dir, 'dist')
}

/** @returns {boolean} */
function canWriteHere() {
  const probe = join(here, `.write-${process.pid}`)
  try {
    mkdirSync(probe)
    rmSync(probe, { recursive: true })
    return true
  } catch {
    return false
  }
}

async function main() {
  const hash = sourcesHash()
  const built = join(here, 'dist')
  if (isCurrent(built, hash)) return built
  const dir = canWriteHere() ? built : fallbackDir()
  if (!isCurrent(dir, hash)) await replace(dir, hash)
  return dir
}

try {
  console.log(await main())
} catch (error) {
  console.error(`the page could not be built: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
