import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { leash, listening } from './leash.ts'

export interface S3Server {
  /** Which it is; `s3rver` is no match for a real one, so suites may ask less of it. */
  readonly kind: 'named' | 'versitygw' | 's3rver'
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Ends it and removes its data; nothing to do for a server that was here before. */
  stop(): Promise<void>
}

const REGION = 'us-west-2'
// The name and secret s3rver insists on.
const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/**
 * The server S3_URL names (with S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION), else versitygw where `npm run test:servers`
 * has built it, else s3rver from npm.
 */
export async function startS3(): Promise<S3Server> {
  const url = process.env['S3_URL']
  if (url !== undefined && url !== '') return named(url)
  const program = versitygw()
  return program === undefined ? startS3rver() : startVersitygw(program)
}

function named(url: string): S3Server {
  return {
    kind: 'named',
    url,
    region: process.env['S3_REGION'] ?? REGION,
    accessKeyId: process.env['S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: process.env['S3_SECRET_ACCESS_KEY'] ?? '',
    stop: () => Promise.resolve()
  }
}

/** Which server `startS3` will give. */
export function s3Kind(): S3Server['kind'] {
  if ((process.env['S3_URL'] ?? '') !== '') return 'named'
  return versitygw() === undefined ? 's3rver' : 'versitygw'
}

/** Undefined where it was not built: three minutes are not spent unasked. */
export function versitygw(): string | undefined {
  const cache = process.env['MARC_MIGRATIONS_CACHE'] || join(homedir(), '.cache', 'marc-migrations')
  const program = join(cache, 'versitygw-1.8.0', 'versitygw')
  return existsSync(program) && spawnSync(program, ['--version']).status === 0 ? program : undefined
}

async function startVersitygw(program: string): Promise<S3Server> {
  const home = mkdtempSync(join(tmpdir(), 'marc-migrations-s3-'))
  const data = join(home, 'data')
  mkdirSync(data)
  const port = await freePort()
  const log = join(home, 'server.log')
  // As S3 itself does, it keeps connections open between requests.
  const command = [program, '--port', `127.0.0.1:${port}`, '--region', REGION, '--keep-alive', '--quiet', 'posix', data]
  const env = { ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey }
  const server = await leash(command, { log, env })
  await listening(port, server).catch((error: unknown) => {
    throw new Error(`versitygw did not start: ${readFileSync(log, 'utf8').slice(-2000)}`, { cause: error })
  })
  return {
    kind: 'versitygw',
    url: `http://127.0.0.1:${port}`,
    region: REGION,
    ...KEYS,
    stop: async () => {
      await server.end('SIGKILL')
      rmSync(home, { recursive: true, force: true })
    }
  }
}

interface S3rver {
  run(): Promise<unknown>
  close(): Promise<void>
}

async function startS3rver(): Promise<S3Server> {
  const Server = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver
  const directory = mkdtempSync(join(tmpdir(), 'marc-migrations-s3-'))
  const port = await freePort()
  const server = new Server({ address: '127.0.0.1', port, silent: true, directory })
  await server.run()
  return {
    kind: 's3rver',
    url: `http://127.0.0.1:${port}`,
    region: REGION,
    ...KEYS,
    stop: async () => {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}
