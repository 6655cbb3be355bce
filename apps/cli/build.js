// Bundles the command and the mapping thread into dist/, one file each plus what they share. npm packages stay outside, so that
// the bundle runs beside node_modules; where a package of ours has a version of its own that the bundle would not find, that one
// is taken in.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const app = import.meta.dirname
const root = join(app, '..', '..')
const outdir = join(app, 'dist')

const packagesOutside = {
  name: 'packages-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === 'asked' || kind === 'entry-point' || path.startsWith('node:')) return undefined
      if (path.startsWith('@marc-migrations/')) return undefined
      const ask = (from) => resolve(path, { kind, importer, resolveDir: from, pluginData: 'asked' })
      const [forImporter, forBundle] = await Promise.all([ask(resolveDir), ask(app)])
      return forImporter.path === forBundle.path ? { path, external: true } : forImporter
    })
  }
}

rmSync(outdir, { recursive: true, force: true })
const result = await build({
  entryPoints: { main: join(app, 'src', 'main.ts'), 'mapping-thread': join(root, 'apps', 'worker', 'src', 'remap-task.ts') },
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  sourcemap: true,
  plugins: [packagesOutside],
  logLevel: 'warning',
  metafile: true
})
const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0)
console.log(`built ${outdir}: ${Object.keys(result.metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB`)
