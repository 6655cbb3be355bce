import { ApiError, noRoute } from './api-error.ts'
import type { Api } from './api.ts'

interface KnownRoute {
  readonly pattern: RegExp
  readonly method: string
}

/**
 * Remembers every route that is added after it, so that a known path with a wrong method answers 405 and names the right ones;
 * the router itself only knows 404.
 */
export function routeTable(api: Api) {
  const known: KnownRoute[] = []
  api.addHook('onRoute', (route) => {
    const pattern = new RegExp(`^${route.url.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[a-zA-Z]+/g, '[^/]+')}$`)
    for (const method of [route.method].flat()) known.push({ pattern, method })
  })

  return {
    /** What an unmatched request gets: 405 with the methods its path has, or 404. */
    unmatched(method: string, path: string): { error: ApiError; allow: readonly string[] } {
      const allow = [...new Set(known.filter((route) => route.pattern.test(path)).map((route) => route.method))]
      return { error: allow.length === 0 ? noRoute(path) : wrongMethod(method, allow), allow }
    }
  }
}

function wrongMethod(method: string, allow: readonly string[]): ApiError {
  const message = `Request method '${method}' is not supported: use ${allow.join(', ')}`
  return new ApiError(405, [{ message, type: 'HttpRequestMethodNotSupportedException', code: 'validation_error' }])
}
