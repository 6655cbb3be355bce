import type { FastifyRequest } from 'fastify'
import type { HttpDeps } from './http-deps.ts'

/** First value of a header, whatever its letter case: Node joins repeated ones with a comma, the contract takes the first. */
export function firstHeader(request: FastifyRequest, name: string): string | undefined {
  const { rawHeaders } = request.raw
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) return rawHeaders[at + 1]
  }
  return undefined
}

/**
 * What the stages send on to FOLIO's modules: every `X-Okapi-*` header and the language, names in lower case.
 *
 * Holds the user's token: hand it to the store, which encrypts it, and to nothing that logs.
 */
function okapiHeaders(request: FastifyRequest): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'x-okapi-tenant': request.tenant }
  for (const name of Object.keys(request.headers)) {
    if (!name.startsWith('x-okapi-') && name !== 'accept-language') continue
    const value = firstHeader(request, name)
    if (value !== undefined) headers[name] = value
  }
  return { ...headers, 'x-okapi-tenant': request.tenant }
}

/**
 * The headers a stage is started with. Where it would have to call an address that is not allowed, it is refused here and not an
 * hour later.
 *
 * @throws {MigrationError} OKAPI_URL_REFUSED
 */
export function stageHeaders(request: FastifyRequest, deps: HttpDeps): Readonly<Record<string, string>> {
  const headers = okapiHeaders(request)
  const url = headers['x-okapi-url']
  if (url !== undefined) deps.checkOkapiUrl(url)
  return headers
}
