import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '@marc-migrations/runtime'
import { expect, test } from 'vitest'

/** `.env.example` as the table of settings would have it. */
function expected(): string {
  const lines = [
    '# Every setting, with its default. Unset lines mean the default; a fault in any of them is told at start, by name.'
  ]
  let group = ''
  for (const setting of settings) {
    if (setting.group !== group) lines.push('', `# ${setting.group}`)
    group = setting.group
    lines.push(
      `# ${setting.meaning}${setting.unit === '' ? '' : ` [${setting.unit}]`}`,
      `#${setting.name}=${setting.default}`
    )
  }
  return `${lines.join('\n')}\n`
}

test('.env.example names every setting, with its default and its unit', () => {
  const file = join(import.meta.dirname, '..', '..', '.env.example')
  expect(readFileSync(file, 'utf8')).toBe(expected())
})
