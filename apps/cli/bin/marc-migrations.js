#!/usr/bin/env node
// The command. Runs the bundle when there is one that is not older than the sources beside it, else the sources themselves, so
// that it works right after `npm ci` and nothing depends on a build.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`marc-migrations needs Node.js 20.19 or newer; this is ${process.versions.node}.\n`)
  process.exit(2)
}

const app = join(import.meta.dirname, '..')
const { main } = await load()
process.exit(await main(process.argv))

async function load() {
  const bundle = join(app, 'dist', 'main.js')
  if (existsSync(bundle) && newestSource() <= statSync(bundle).mtimeMs) return import(pathToFileURL(bundle).href)
  const { register } = await import('tsx/esm/api')
  register()
  return import('../src/main.ts')
}

/** 0 where there are no sources, as in an image. */
function newestSource() {
  const root = join(app, '..', '..')
  const folders = ['apps/cli', 'apps/coordinator', 'apps/worker', 'libs'].map((folder) => join(root, folder))
  return Math.max(0, ...folders.filter((folder) => existsSync(folder)).map(newestBelow))
}

function newestBelow(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) newest = Math.max(newest, newestBelow(path))
    else if (/\.(ts|js)$/.test(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs)
  }
  return newest
}
