import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig, settings } from '@marc-migrations/runtime'
import { describe, expect } from 'vitest'
import { test } from './api-fixture.ts'

interface Handler {
  readonly methods: readonly string[]
  readonly pathPattern: string
  readonly permissionsRequired?: readonly string[]
  readonly modulePermissions?: readonly string[]
}

interface ModuleDescriptor {
  readonly requires: readonly { readonly id: string; readonly version: string }[]
  readonly provides: readonly { readonly id: string; readonly version: string; readonly handlers: readonly Handler[] }[]
  readonly permissionSets: readonly { readonly permissionName: string; readonly subPermissions?: readonly string[] }[]
}

interface LaunchDescriptor {
  readonly dockerArgs: { readonly HostConfig: { readonly Memory: number } }
  readonly env: readonly { readonly name: string; readonly value: string }[]
}

const module = read('ModuleDescriptor.json') as ModuleDescriptor
const launch = read('LaunchDescriptor.json') as LaunchDescriptor
const handlers = module.provides.flatMap((provided) => provided.handlers)

describe('the module descriptor', () => {
  test('has every route of the API that a gateway passes on, and no other', async ({ api }) => {
    const { json } = await api.ask('GET', '/openapi.json')
    const paths = json['paths'] as unknown as Record<string, Record<string, unknown>>
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => route(method, path))
    )
    const described = handlers.flatMap(({ methods, pathPattern }) => methods.map((method) => route(method, pathPattern)))
    expect(described.sort()).toEqual(served.filter((one) => !one.includes(' /admin/')).sort())
  })

  test('provides and requires the interfaces of the module replaced', () => {
    expect(Object.fromEntries(module.provides.map(({ id, version }) => [id, version]))).toEqual({
      'marc-migrations': '1.1',
      _tenant: '2.0',
      _timer: '1.0'
    })
    expect(Object.fromEntries(module.requires.map(({ id, version }) => [id, version]))).toEqual({
      'authority-storage': '2.0',
      'instance-storage': '11.0',
      'instance-storage-bulk': '1.0',
      'source-storage-records': '3.3',
      'mapping-metadata-provider': '1.1'
    })
  })

  test('keeps the names of its permissions', () => {
    const operations: Record<string, string> = {
      'GET /marc-migrations': 'collection.get',
      'POST /marc-migrations': 'item.post',
      'GET /marc-migrations/{}': 'item.get',
      'PUT /marc-migrations/{}': 'item.put',
      'POST /marc-migrations/{}/retry': 'retry.item.post',
      'POST /marc-migrations/{}/save/retry': 'save.retry.item.post',
      'POST /marc-migrations/{}/error-report': 'error-report.post',
      'GET /marc-migrations/{}/error-report/status': 'error-report.status.item.get',
      'GET /marc-migrations/{}/error-report/errors': 'error-report.errors.collection.get'
    }
    for (const [path, suffix] of Object.entries(operations)) {
      expect(handlerOf(path).permissionsRequired, path).toEqual([`marc-migrations.operations.${suffix}`])
    }
  })

  test('asks for a permission of its own on each route, and defines each in the set of all', () => {
    const asked = handlers.flatMap(({ permissionsRequired = [] }) => permissionsRequired)
    expect(new Set(asked).size).toBe(asked.length)
    const all = module.permissionSets.find(({ permissionName }) => permissionName === 'marc-migrations.all')
    const defined = module.permissionSets
      .map(({ permissionName }) => permissionName)
      .filter((name) => name !== 'marc-migrations.all')
    expect([...asked].sort()).toEqual([...defined].sort())
    expect([...(all?.subPermissions ?? [])].sort()).toEqual([...defined].sort())
  })

  test('gives what starts a stage the rights that the stage needs', () => {
    const rules = ['mapping-metadata.type.item.get']
    const saving = ['authorities', 'instances'].flatMap((type) => [
      `inventory-storage.${type}.bulk.post`,
      `inventory-storage.${type}.collection.get`
    ])
    for (const [path, needed] of [
      ['POST /marc-migrations', rules],
      ['POST /marc-migrations/{}/retry', rules],
      ['PUT /marc-migrations/{}', saving],
      ['POST /marc-migrations/{}/save/retry', saving],
      ['POST /marc-migrations/{}/retry-failed', [...rules, ...saving]]
    ] as const) {
      expect(handlerOf(path).modulePermissions, path).toEqual(expect.arrayContaining([...needed]))
    }
  })
})

describe('the launch descriptor', () => {
  test('starts the image within 512 MiB by settings that mean something, or are known to mean nothing', () => {
    expect(launch.dockerArgs.HostConfig.Memory).toBe(512 * 1024 * 1024)
    const config = readConfig(Object.fromEntries(launch.env.map(({ name, value }) => [name, value])))
    const known = [...settings.map(({ name }) => name), ...config.ignored]
    for (const { name } of launch.env) expect(known).toContain(name)
  })
})

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'deploy', file), 'utf8'))
}

/** However its parameters are called. */
function route(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`
}

function handlerOf(wanted: string): Handler {
  const found = handlers.find(({ methods, pathPattern }) => methods.some((method) => route(method, pathPattern) === wanted))
  if (found === undefined) throw new Error(`${wanted} is not described`)
  return found
}
