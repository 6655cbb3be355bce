import { tenant, userId } from './identity.ts'

/** What the API said instead of doing what it was asked to. */
export class ApiFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Every call of a tenant carries who asks; the page itself needs no tenant. */
export function callHeaders(): Record<string, string> {
  return { 'x-okapi-tenant': tenant.value, 'x-okapi-user-id': userId(), accept: 'application/json' }
}

/** @throws {ApiFailure} with the first message of the error envelope, or with the text of the answer */
export async function call<T>(
  path: string,
  init: { method?: string; body?: unknown; signal?: AbortSignal } = {}
): Promise<T> {
  const { method = 'GET', body, signal } = init
  const response = await fetch(path, {
    method,
    headers: { ...callHeaders(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal })
  })
  const text = await response.text()
  if (!response.ok) throw new ApiFailure(response.status, reasonOf(text, response.statusText))
  return (text === '' ? undefined : JSON.parse(text)) as T
}

export function reasonOf(text: string, fallback: string): string {
  try {
    const envelope = JSON.parse(text) as { errors?: { message?: string }[] }
    return envelope.errors?.[0]?.message ?? fallback
  } catch {
    return text.trim() === '' ? fallback : text.trim()
  }
}
