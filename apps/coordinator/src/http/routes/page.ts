import fastifyStatic from '@fastify/static'
import type { Api } from '../api.ts'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** The page of apps/dashboard. Its assets carry a hash in their names; the page itself is asked for anew each time. */
export async function pageRoutes(api: Api, pageDir: string | undefined): Promise<void> {
  if (pageDir === undefined) {
    api.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs/'))
    return
  }
  await api.register(fastifyStatic, {
    root: pageDir,
    wildcard: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
      reply.header('content-security-policy', POLICY)
      reply.header('x-content-type-options', 'nosniff')
      reply.header('referrer-policy', 'no-referrer')
    }
  })
}
