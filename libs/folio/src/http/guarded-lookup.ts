import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { MigrationError } from '@marc-migrations/domain'
import { isLinkLocal } from './link-local.ts'

type Callback = (error: Error | null, found: string | LookupAddress[], family?: number) => void

/**
 * Resolves a name for one connection, and refuses it when any of its addresses is link-local: a name that was harmless when the
 * request came may lead elsewhere by now.
 */
export function guardedLookup(hostname: string, options: LookupOptions, callback: Callback): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, [])
    if (addresses.some(({ address }) => isLinkLocal(address))) {
      return callback(
        new MigrationError('OKAPI_URL_REFUSED', { host: hostname, reason: 'it resolves to a link-local address' }),
        []
      )
    }
    if (options.all === true) return callback(null, addresses)
    callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
  })
}
