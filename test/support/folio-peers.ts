import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EntityType, ObjectStore, RulesTexts } from '@marc-migrations/domain'
import { defaultRules } from '@marc-migrations/mapping'
import type { ConnectionOptions } from '@marc-migrations/store'
import { plantedAnswer, saveFile, type BulkPeer, type PeerAnswer } from './peer-bulk.ts'
import { fatePlan, type Fate, type FatePlan, type PeerTarget } from './peer-fate.ts'
import { peerTables, type StoredEntity } from './peer-tables.ts'

export interface PeerCall {
  readonly target: PeerTarget
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[]
  /** Undefined when there is none, the text itself when it is no JSON. */
  readonly body: unknown
  /** Set when the change is made. */
  applied: boolean
  /** Of the answer; null until then, and when there is none. */
  status: number | null
}

/** FOLIO's modules as far as a migration meets them, behind one address as a gateway has it. */
export interface FolioPeers extends Omit<FatePlan, 'draw'> {
  /** For `X-Okapi-Url`. */
  readonly url: string
  /** Every call, in the order they came. */
  readonly calls: readonly PeerCall[]
  callsTo(target: PeerTarget): readonly PeerCall[]
  /** How many there have been. */
  connections(): number
  /** What mapping metadata answers; a test may change it. */
  readonly rules: Record<EntityType, RulesTexts>
  /** Entities the storage refuses whatever their version, by id, and why. */
  readonly refusals: Map<string, string>
  stored(tenant: string, type: EntityType): Promise<readonly StoredEntity[]>
  stop(): Promise<void>
}

export interface FolioPeersOptions {
  /** Without both there is mapping metadata only. */
  readonly db?: ConnectionOptions
  readonly objects?: ObjectStore
  /** Whether writing an authority that is stored raises its version. */
  readonly authorityUpsertRaises?: boolean
  /** The same of an instance; so it does unless this is false. */
  readonly instanceUpsertRaises?: boolean
  readonly errorsNumberAs?: 'number' | 'text'
  /** Where they listen; loopback and a free port when absent. */
  readonly address?: string
  readonly port?: number
}

interface Route {
  readonly target: PeerTarget
  readonly type: EntityType
  readonly id?: string
}

/** Starts them. `stop` before the database is closed. */
export async function folioPeers(options: FolioPeersOptions = {}): Promise<FolioPeers> {
  const { draw, ...plan } = fatePlan()
  const calls: PeerCall[] = []
  const rules = { ...defaultRules }
  const refusals = new Map<string, string>()
  const bulk = bulkPeer(options, refusals)
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()

  const server = createServer((request, response) => {
    const handled = handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(error instanceof Error ? error.message : 'failed')
    })
    running.add(handled)
    void handled.finally(() => running.delete(handled))
  })
  let connections = 0
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve))

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = routeOf(request)
    const body = await bodyOf(request)
    if (route === undefined) return void response.writeHead(404).end('no such resource')
    const { method = '', url: path = '', headers, rawHeaders } = request
    const call: PeerCall = { ...route, method, path, headers, rawHeaders, body, applied: false, status: null }
    calls.push(call)
    const fate = draw(route.target, fileNameOf(body) ?? path)
    if (fate.delayMs !== undefined) await sleep(fate.delayMs, undefined, { signal: stopping.signal }).catch(() => {})
    const own = fate.applied === false ? undefined : await carryOut(route, call, fate)
    call.applied = own !== undefined && own.status < 300
    end(call, response, fate, own ?? { status: 200, body: '' })
  }

  async function carryOut(route: Route, call: PeerCall, fate: Fate): Promise<PeerAnswer> {
    if (route.target === 'metadata') {
      const { rules: mappingRules, params: mappingParams } = rules[route.type]
      return { status: 200, body: { mappingRules, mappingParams } }
    }
    const tenant = call.headers['x-okapi-tenant']
    if (typeof tenant !== 'string' || bulk === undefined) return { status: 400, body: 'x-okapi-tenant is needed' }
    if (route.target === 'read') return await readEntities(bulk, tenant, route, call.path)
    const fileName = fileNameOf(call.body)
    if (fileName === undefined) return { status: 422, body: 'recordsFileName must not be null' }
    const saved = await saveFile(bulk, tenant, route.type, fileName)
    return fate.planted === undefined ? saved : await plantedAnswer(bulk, route.type, fileName, fate.planted)
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...plan,
    calls,
    callsTo: (target) => calls.filter((call) => call.target === target),
    connections: () => connections,
    rules,
    refusals,
    stored: async (tenant, type) => (await bulk?.tables.read(tenant, type)) ?? [],
    stop: async () => {
      stopping.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await Promise.all([closed, ...running])
      await bulk?.tables.close()
    }
  }
}

function bulkPeer(options: FolioPeersOptions, refusals: Map<string, string>): BulkPeer | undefined {
  const { db, objects, authorityUpsertRaises = false, instanceUpsertRaises = true, errorsNumberAs = 'number' } = options
  if (db === undefined || objects === undefined) return undefined
  return {
    objects,
    tables: peerTables(db, { authority: authorityUpsertRaises, instance: instanceUpsertRaises }),
    refusals,
    errorsNumberAs
  }
}

/** The rest of a call's fate: what its sender hears. */
function end(call: PeerCall, response: ServerResponse, fate: Fate, own: PeerAnswer): void {
  if (fate.end === 'hang') return
  if (fate.end === 'cut') return void response.destroy()
  const { status = own.status, body = own.body, headers = {} } = fate.answer ?? {}
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/plain' : 'application/json'
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers })
  if (fate.end === 'cut-midway') return void response.write(text.slice(0, text.length / 2), () => response.destroy())
  call.status = status
  response.end(text)
}

const STORAGE: Readonly<Record<string, EntityType>> = {
  '/authority-storage/authorities': 'authority',
  '/instance-storage/instances': 'instance'
}

function routeOf({ method, url = '' }: IncomingMessage): Route | undefined {
  const path = new URL(url, 'http://peer').pathname
  const metadata = /^\/mapping-metadata\/type\/(marc-authority|marc-bib)$/.exec(path)
  if (metadata !== null && method === 'GET') {
    return { target: 'metadata', type: metadata[1] === 'marc-bib' ? 'instance' : 'authority' }
  }
  const [, base = '', rest] = /^(\/[a-z-]+\/[a-z-]+)(?:\/([^/]+))?$/.exec(path) ?? []
  const type = STORAGE[base]
  if (type === undefined) return undefined
  if (rest === 'bulk') return method === 'POST' ? { target: type, type } : undefined
  if (method !== 'GET') return undefined
  return { target: 'read', type, ...(rest === undefined ? {} : { id: rest }) }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const text = Buffer.concat(pieces).toString('utf8')
  if (text === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function fileNameOf(body: unknown): string | undefined {
  const { recordsFileName: name } = (body ?? {}) as { recordsFileName?: unknown }
  return typeof name === 'string' && name.trim() !== '' ? name : undefined
}

/** By id, or by `query=id==("…" or "…")` with the module's own default of ten. */
async function readEntities({ tables }: BulkPeer, tenant: string, route: Route, path: string): Promise<PeerAnswer> {
  if (route.id !== undefined) {
    const [found] = await tables.read(tenant, route.type, [route.id])
    return found === undefined ? { status: 404, body: 'not found' } : { status: 200, body: found.entity }
  }
  const query = new URL(path, 'http://peer').searchParams
  const ids = /^id==\((".+")\)$/.exec(query.get('query') ?? '')?.[1]?.split(' or ')
  if (ids === undefined) return { status: 400, body: 'the query is not understood' }
  const found = await tables.read(
    tenant,
    route.type,
    ids.map((id) => id.slice(1, -1))
  )
  const page = found.slice(0, Number(query.get('limit') ?? 10)).map(({ entity }) => entity)
  return {
    status: 200,
    body: { [route.type === 'authority' ? 'authorities' : 'instances']: page, totalRecords: found.length }
  }
}
