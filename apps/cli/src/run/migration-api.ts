import type { FileHandle } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { EntityType } from '@marc-migrations/domain'
import { CommandFailure } from '../command-failure.ts'
import { exitCodes } from '../exit-codes.ts'
import { LAPTOP_TENANT } from '../node/embedded-environment.ts'
import { version } from '../version.ts'

/** Who starts a run: nobody of FOLIO's users. */
const USER_ID = '00000000-0000-4000-8000-000000000000'
const CHUNKS_PER_PAGE = 1000

export interface Operation {
  readonly id: string
  readonly status: string
  readonly totalNumOfRecords: number
  readonly mappedNumOfRecords: number
  readonly rejectedNumOfRecords?: number
  readonly stopReason?: string
  readonly startTimeMapping?: string
  readonly endTimeMapping?: string
}

export interface Chunk {
  readonly id: string
  readonly position: number
  readonly numOfRecords: number
  readonly mappedNumOfRecords: number
  readonly rejectedNumOfRecords: number
  readonly entityFile?: string
  readonly rejectedFile?: string
  readonly reasonsFile?: string
}

export interface Source {
  readonly name: string
  readonly format: string
  readonly lengthBytes: number
}

/** The REST API as a run uses it, with nothing that any other client could not do. */
export interface MigrationApi {
  registerTenant(): Promise<void>
  /** Streams the file; the answer says how it was recognised. */
  upload(name: string, file: FileHandle, lengthBytes: number): Promise<Source>
  start(entityType: EntityType, source: Source): Promise<Operation>
  get(id: string): Promise<Operation>
  /** In source order. */
  chunks(id: string): AsyncIterable<Chunk>
}

/**
 * @param url asked for at each request, since a coordinator may be replaced
 * @returns methods that throw CommandFailure with the answer's messages, or a network error
 */
export function migrationApi(url: () => string): MigrationApi {
  const headers = { 'x-okapi-tenant': LAPTOP_TENANT, 'x-okapi-user-id': USER_ID }

  async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await fetch(`${url()}${path}`, { method, headers: { ...headers, ...type }, ...content })
    return accept<T>(answer.status, await answer.text())
  }

  return {
    registerTenant: () => call('POST', '/_/tenant', { module_to: `mod-marc-migrations-${version}` }),
    upload: async (name, file, lengthBytes) => {
      const { hostname, port } = new URL(url())
      const path = `/marc-migrations/sources/${encodeURIComponent(name)}`
      const put = request({ method: 'PUT', hostname, port, path, headers: { ...headers, 'content-length': lengthBytes } })
      const answered = new Promise<IncomingMessage>((resolve, reject) => put.on('response', resolve).on('error', reject))
      // A refusal comes while the file is still being sent; the answer then says more than the broken pipe.
      const sent = pipeline(file.createReadStream({ start: 0, autoClose: false }), put).catch(() => {})
      const answer = await answered
      const text = await textOf(answer)
      if (answer.statusCode !== undefined && answer.statusCode < 300) await sent
      return accept<Source>(answer.statusCode ?? 0, text)
    },
    start: (entityType, { name }) =>
      call('POST', '/marc-migrations', { entityType, operationType: 'import', source: { name } }),
    get: (id) => call('GET', `/marc-migrations/${id}`),
    chunks: async function* (id) {
      for (let offset = 0; ; offset += CHUNKS_PER_PAGE) {
        const path = `/marc-migrations/${id}/chunks?offset=${offset}&limit=${CHUNKS_PER_PAGE}`
        const { chunks } = await call<{ chunks: readonly Chunk[] }>('GET', path)
        yield* chunks
        if (chunks.length < CHUNKS_PER_PAGE) return
      }
    }
  }
}

function accept<T>(status: number, text: string): T {
  if (status >= 200 && status < 300) return (text === '' ? undefined : JSON.parse(text)) as T
  const exitCode =
    status === 503 || status === 507 ? exitCodes.unreachable : status < 500 ? exitCodes.usage : exitCodes.unexpected
  throw new CommandFailure(exitCode, messagesOf(text) ?? `The API answered ${status}: ${text}`)
}

function messagesOf(text: string): string | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly { message?: string }[] }
    return errors?.map(({ message }) => message).join('\n')
  } catch {
    return undefined
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of answer.setEncoding('utf8')) text += piece as string
  return text
}
