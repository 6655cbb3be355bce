import { MigrationError } from '@marc-migrations/domain'
import { isLinkLocal } from './link-local.ts'

/** A gateway of FOLIO that may be called. */
export interface OkapiAddress {
  readonly origin: string
  /** Stands before every path; empty, or with a slash before and none after. */
  readonly basePath: string
}

/**
 * Whether calls may go to this address, which a stranger may have sent: http or https, without credentials or query, not
 * link-local, and of an allowed origin where a list is given. Names are judged again when they are resolved, for each connection.
 *
 * @param text `X-Okapi-Url`, or OKAPI_URL
 * @param allowed origins as `URL` writes them, OKAPI_URL_ALLOWED; any when absent
 * @throws {MigrationError} OKAPI_URL_REFUSED with `reason`, and with `origin` where there is one
 */
export function checkOkapiUrl(text: string, allowed?: readonly string[]): OkapiAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new MigrationError('OKAPI_URL_REFUSED', { reason: 'it is no http or https address' })
  }
  const { origin, hostname, pathname } = url
  const refuse = (reason: string) => new MigrationError('OKAPI_URL_REFUSED', { origin, reason })
  if (url.username !== '' || url.password !== '') throw refuse('it holds credentials')
  if (url.search !== '' || url.hash !== '') throw refuse('it has a query or a fragment')
  if (isLinkLocal(hostname)) throw refuse('it is link-local')
  if (allowed !== undefined && !allowed.includes(origin)) throw refuse('it is not among OKAPI_URL_ALLOWED')
  return { origin, basePath: pathname.replace(/\/+$/, '') }
}
