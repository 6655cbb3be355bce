import { describe, expect } from 'vitest'
import { test } from '../support/store-fixtures.ts'

const file = {
  name: 'names.mrc',
  objectKey: 'source/1',
  etag: '"1"',
  lengthBytes: 12_000_000_000,
  format: 'iso2709'
} as const

describe('a source file', () => {
  test('is found under its name as it was uploaded', async ({ stores }) => {
    expect(await stores.sourceFiles.find('diku', 'names.mrc')).toBeNull()
    expect(await stores.sourceFiles.point('diku', file)).toBeNull()
    const found = await stores.sourceFiles.find('diku', 'names.mrc')
    expect(found).toEqual({ ...file, uploadedAt: expect.any(Date) as Date })
    expect(await stores.sourceFiles.list('diku')).toEqual([found])
    expect(await stores.sourceFiles.list('college')).toEqual([])
  })

  test('uploaded again points to the new object and tells the old one', async ({ stores }) => {
    await stores.sourceFiles.point('diku', file)
    expect(await stores.sourceFiles.point('diku', { ...file, objectKey: 'source/2', etag: '"2"' })).toBe('source/1')
    expect(await stores.sourceFiles.find('diku', 'names.mrc')).toMatchObject({ objectKey: 'source/2', etag: '"2"' })
    expect(await stores.sourceFiles.point('diku', { ...file, objectKey: 'source/2' })).toBeNull()
  })

  test('uploaded by many at once leaves one object, and each other one is told once', async ({ stores }) => {
    const keys = Array.from({ length: 8 }, (_, i) => `source/${i}`)
    const told = await Promise.all(keys.map((objectKey) => stores.sourceFiles.point('diku', { ...file, objectKey })))
    const left = await stores.sourceFiles.find('diku', 'names.mrc')
    expect([...told.filter((key) => key !== null), left?.objectKey].sort()).toEqual(keys)
  })
})
