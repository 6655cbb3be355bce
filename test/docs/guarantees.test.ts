import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const docs = join(import.meta.dirname, '..', '..', 'docs')
const text = readFileSync(join(docs, 'guarantees.md'), 'utf8')
const links = [...text.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, name = '', file = '']) => ({ name, file }))

test('every promise names a test that exists, in the file that is linked', () => {
  expect(links.length).toBeGreaterThan(30)
  const missing = links.filter(({ name, file }) => {
    const path = join(docs, file)
    return !file.startsWith('../test/') || !existsSync(path) || !readFileSync(path, 'utf8').includes(name)
  })
  expect(missing).toEqual([])
})

test('no promise stands without its proof', () => {
  const [promises = ''] = text.split('\n## Limits')
  const bare = promises.split(/\n(?=- \*\*)/).filter((item) => item.startsWith('- **') && !item.includes('](../test/'))
  expect(bare).toEqual([])
})
