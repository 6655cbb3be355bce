import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { leash, listening, type Leashed } from '../support/leash.ts'
import { skipSuite } from '../support/skips.ts'
import { nameServer, type NameServer } from './name-server.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const hasNginx = spawnSync('nginx', ['-v']).status === 0
const missing = !hasNginx ? 'nginx is not on the PATH' : process.platform !== 'linux' ? 'needs 127.0.0.2' : undefined
const left = missing !== undefined && skipSuite('nginx in front of coordinators', missing, 'server')

describe.skipIf(left)('nginx in front of coordinators, as deploy/nginx.conf sets it', () => {
  let home: string
  let nginx: Leashed
  let names: NameServer
  let url: string
  let backendPort: number
  let addresses: string[]
  let backends: Server[]

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'marc-migrations-nginx-'))
    backends = []
    addresses = ['127.0.0.1', '127.0.0.2']
    backendPort = await freePort()
    names = await nameServer(() => addresses)
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const config = join(home, 'nginx.conf')
    writeFileSync(config, onLoopback(readFileSync(join(import.meta.dirname, '../../deploy/nginx.conf'), 'utf8'), port))
    nginx = await leash(['nginx', '-c', config, '-p', home, '-g', 'daemon off; master_process off;'], {
      log: join(home, 'log')
    })
    await listening(port, nginx)
  })
  afterEach(async () => {
    await nginx.end('SIGTERM')
    names.close()
    for (const backend of backends) backend.close().closeAllConnections()
    rmSync(home, { recursive: true, force: true })
  })

  /** Ports and paths of this run; everything else is what is deployed. */
  function onLoopback(config: string, port: number): string {
    return config
      .replace('resolver 127.0.0.11 valid=5s', `resolver 127.0.0.1:${names.port} valid=1s`)
      .replace('listen 8080;', `listen 127.0.0.1:${port};`)
      .replace('coordinator:8081', `coordinator:${backendPort}`)
      .replaceAll('/tmp/nginx', `${home}/nginx`)
      .replace('/dev/stderr', `${home}/error.log`)
  }

  async function backend(address: string, answer: Answer): Promise<string[]> {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      answer(request, response)
    })
    server.listen(backendPort, address)
    await once(server, 'listening')
    backends.push(server)
    return seen
  }
  const say =
    (status: number, text: string): Answer =>
    (request, response) => {
      request.resume().on('end', () => response.writeHead(status).end(text))
    }

  test('requests are shared among all coordinators behind the name', async () => {
    const seen = [await backend('127.0.0.1', say(200, 'one')), await backend('127.0.0.2', say(200, 'two'))]
    for (let i = 0; i < 10; i++) expect((await fetch(`${url}/marc-migrations?limit=${i}`)).status).toBe(200)
    expect(seen.map((requests) => requests.length > 0)).toEqual([true, true])
    expect(seen.flat()).toContain('GET /marc-migrations?limit=3')
  })

  test('a coordinator that is gone is passed over, for a start too', async () => {
    await backend('127.0.0.2', say(201, 'started'))
    for (let i = 0; i < 6; i++) {
      const began = performance.now()
      expect((await fetch(`${url}/marc-migrations`, { method: 'POST', body: '{}' })).status).toBe(201)
      expect(performance.now() - began).toBeLessThan(1_500)
    }
  })

  test('a question that one coordinator cannot answer goes to the next, a start is not sent twice', async () => {
    const seen = await backend('127.0.0.1', say(503, 'no database'))
    await backend('127.0.0.2', say(200, 'two'))
    for (let i = 0; i < 6; i++) expect(await (await fetch(`${url}/marc-migrations`)).text()).toBe('two')
    seen.length = 0
    // nginx begins with either of the two; four in a row may all go to the other one.
    for (let i = 0; i < 100 && seen.length === 0; i++) {
      const starts = await Promise.all([1, 2].map(() => fetch(`${url}/marc-migrations`, { method: 'POST', body: '{}' })))
      expect(starts.filter(({ status }) => status === 503).length).toBe(seen.length)
    }
    expect(seen.length).toBeGreaterThan(0)
  })

  test('coordinators that come later are found without a reload', async () => {
    addresses = ['127.0.0.1']
    await backend('127.0.0.1', say(200, 'one'))
    expect(await (await fetch(`${url}/x`)).text()).toBe('one')
    await backend('127.0.0.2', say(200, 'two'))
    addresses = ['127.0.0.2']
    await expect.poll(async () => (await fetch(`${url}/x`)).text(), { timeout: 10_000 }).toBe('two')
  })

  test('a file of any size streams through, another body has its limit', async () => {
    let bytes = 0
    const count: Answer = (request, response) => {
      request.on('data', (piece: Buffer) => (bytes += piece.byteLength)).on('end', () => response.writeHead(201).end())
    }
    await backend('127.0.0.1', count)
    await backend('127.0.0.2', count)
    const body = Buffer.alloc(30 * 1024 * 1024)
    expect((await fetch(`${url}/marc-migrations/sources/a.mrc`, { method: 'PUT', body })).status).toBe(201)
    expect(bytes).toBe(body.byteLength)
    expect((await fetch(`${url}/marc-migrations`, { method: 'POST', body })).status).toBe(413)
  })

  test('an event reaches its reader before the stream ends', async () => {
    const stream: Answer = (_request, response) => void response.writeHead(200).write('event: operation\n\n')
    await backend('127.0.0.1', stream)
    await backend('127.0.0.2', stream)
    const answer = await fetch(`${url}/marc-migrations/0a1b2c3d-0000-4000-8000-00000000000f/events`)
    const first = await answer.body?.getReader().read()
    expect(Buffer.from(first?.value ?? []).toString()).toBe('event: operation\n\n')
  })
})
