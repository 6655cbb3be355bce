import type { Api } from './api.ts'
import type { HttpDeps } from './http-deps.ts'

/** One line per answer: no header, no body, no query and no path as sent, so nothing secret can stand in it. Probes only at debug. */
export function logAnswers(api: Api, { logger }: HttpDeps): void {
  api.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched'
    const answer = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      ...(request.tenant === '' ? {} : { tenant: request.tenant })
    }
    if (route.startsWith('/marc-migrations') || route.startsWith('/_/')) logger.info(answer, 'http.answered')
    else logger.debug(answer, 'http.answered')
    done()
  })
}
