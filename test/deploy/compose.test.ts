import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig, settings } from '@marc-migrations/runtime'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8')

/** The environment every node of ours gets: name and value, with the default where one may set another. */
const environment = Object.fromEntries(
  [...block(compose, '  environment:\n').matchAll(/^ {4}([A-Z0-9_]+): (.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.replace(/^\$\{[A-Z0-9_]+:-(.*)\}$/, '$1')
  ])
)

/** The lines below the first of that heading that are deeper than it. */
function block(text: string, heading: string): string {
  const after = text.slice(text.indexOf(heading) + heading.length)
  return after.slice(0, after.search(/^ {0,3}\S/m))
}

test('every variable of the compose file is a setting', () => {
  const known = new Set(settings.map(({ name }) => name as string))
  expect(Object.keys(environment).length).toBeGreaterThan(10)
  expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([])
})

test('with its defaults, every node has a sound configuration: Kafka, S3, and room for every partition', () => {
  const config = readConfig(environment)
  expect(config.kafka).toMatchObject({ brokers: ['kafka:19092'], topicPartitions: 24 })
  expect(config.objects).toMatchObject({ kind: 's3', url: 'http://s3:7070', isAws: false })
  expect(config.ignored).toEqual([])
})

test('what the compose file mounts is there', () => {
  const mounted = [...compose.matchAll(/- (\.\/[^:]+):/g)].map(([, path = '']) => path)
  expect(mounted).toEqual(['./deploy/nginx.conf'])
  for (const path of mounted) expect(existsSync(join(root, path))).toBe(true)
})
