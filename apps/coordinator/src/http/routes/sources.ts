import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { refused } from '../api-error.ts'
import type { Api } from '../api.ts'
import { presentSourceFile } from '../present.ts'
import { receiveSource, sourceNameOf } from '../receive-source.ts'
import { failures, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'

const tags = ['sources']

const uploadSchema = {
  tags,
  operationId: 'uploadSource',
  summary: 'Upload a file to import, of any size',
  description:
    'The body is the file itself, whatever its media type. The name then points to the new object; operations that ' +
    'started before keep the one they had.',
  headers: TenantHeaders,
  params: Type.Object({ name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' }) }),
  consumes: ['application/octet-stream'],
  body: Type.Unsafe<unknown>({ type: 'string', format: 'binary' }),
  response: {
    200: ref<unknown>('SourceFile', 'The name points to the new file now'),
    201: ref<unknown>('SourceFile', 'A new name'),
    ...failures(400, 422, 503, 507)
  }
}

const listSchema = {
  tags,
  operationId: 'getSources',
  summary: 'Uploaded files',
  headers: TenantHeaders,
  response: { 200: ref<unknown>('SourceFileCollection', 'All files of the tenant'), ...failures(400, 503) }
}

/** Files that imports read. A scope of its own: here a body is a stream, never a buffer. */
export function sourceRoutes(api: Api, context: RouteContext): void {
  api.removeAllContentTypeParsers()
  api.addContentTypeParser('*', (_request, _payload, done) => done(null))
  api.addHook('onRequest', (request, _reply, done) => {
    request.raw.headers['content-type'] = 'application/octet-stream' // even one that is no media type is no fault
    done()
  })

  api.put('/marc-migrations/sources/:name', { schema: uploadSchema }, async (request, reply) => {
    const pieces = piecesOf(request.raw)
    try {
      if (!context.deps.settings.importEnabled) throw refused('Uploads are off here: IMPORT_ENABLED is not set')
      const name = sourceNameOf(request.params.name)
      const { file, replaced } = await receiveSource({ tenant: request.tenant, name, pieces }, context.deps, context.closing)
      return await reply.code(replaced ? 200 : 201).send({ name, format: file.format, lengthBytes: file.lengthBytes })
    } catch (error) {
      if (!request.raw.complete) void dropRest(request.raw, reply, pieces)
      throw error
    }
  })

  api.get('/marc-migrations/sources', { schema: listSchema }, async (request) => {
    const files = await context.deps.stores.sourceFiles.list(request.tenant)
    return { sources: files.map(presentSourceFile), totalRecords: files.length }
  })
}

/** The body piece by piece; ending it early leaves the connection open. */
function piecesOf(body: IncomingMessage): AsyncIterator<Uint8Array> {
  return (body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
}

/**
 * Reads and drops what a refused upload still sends, so that the refusal reaches a sender who looks for it only at the end. A
 * connection that was asked to close stays open that long: closed with bytes unread it would be reset, the answer lost.
 */
async function dropRest(body: IncomingMessage, reply: FastifyReply, pieces: AsyncIterator<Uint8Array>): Promise<void> {
  reply.header('connection', 'keep-alive')
  await pieces.return?.()
  if (body.headers.connection?.toLowerCase() === 'close') body.once('end', () => body.socket.end())
  body.resume()
}
