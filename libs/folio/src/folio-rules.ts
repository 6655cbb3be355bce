import { MigrationError } from '@marc-migrations/domain'
import type { EntityType, RulesSource, RulesTexts } from '@marc-migrations/domain'
import type { Exchange } from './http/exchange.ts'
import type { FolioCall, FolioClient } from './http/folio-client.ts'
import { jsonObject } from './http/json-object.ts'
import { withholdSecrets } from './http/withhold-secrets.ts'

const RECORD_TYPES: Readonly<Record<EntityType, string>> = { authority: 'marc-authority', instance: 'marc-bib' }

/**
 * Rules and reference data of the tenant, from FOLIO's mapping metadata. One try for each fetch: whoever freezes rules tries again.
 *
 * @throws {MigrationError} by the source: RULES_UNAVAILABLE, with what to look at; CREDENTIALS_MISSING, OKAPI_URL_REFUSED
 * @see mod-source-record-manager, GET /mapping-metadata/type/{type}
 */
export function folioRules(client: FolioClient): RulesSource {
  return {
    fetch: async ({ tenant, entityType, headers }) => {
      const type = RECORD_TYPES[entityType]
      const call: FolioCall = { method: 'GET', path: `/mapping-metadata/type/${type}`, tenant, headers }
      const unavailable = (reason: string, lookAt: string) =>
        new MigrationError('RULES_UNAVAILABLE', { tenant, call: client.place(call), reason, lookAt })
      const answer = await client.ask(call)
      if (answer.kind === 'failure') {
        throw unavailable(answer.reason, 'X-Okapi-Url of the request, else OKAPI_URL, and whether the gateway is up')
      }
      if (answer.status < 200 || answer.status > 299) {
        throw unavailable(
          `status ${answer.status} ${withholdSecrets(answer.text ?? '', headers)}`,
          whereToLook(answer.status)
        )
      }
      return textsOf(answer, (reason) => unavailable(reason, `the mapping rules of ${type}, and mod-source-record-manager`))
    }
  }
}

function whereToLook(status: number): string {
  if (status === 401 || status === 403) return 'the token of the request, and its permission mapping-metadata.type.item.get'
  if (status === 404) return 'whether mod-source-record-manager is enabled for the tenant'
  return 'mod-source-record-manager'
}

function textsOf({ text }: Extract<Exchange, { kind: 'answer' }>, fault: (reason: string) => Error): RulesTexts {
  if (text === null) throw fault('the answer is larger than 16 MiB')
  const answer = jsonObject(text)
  if (answer === undefined) throw fault('the answer is no JSON object')
  const part = (name: string): string => {
    const value = answer[name]
    if (typeof value !== 'string' || value.trim() === '') throw fault(`the answer has no ${name}`)
    if (jsonObject(value) === undefined) throw fault(`${name} of the answer is no text of a JSON object`)
    return value
  }
  return { rules: part('mappingRules'), params: part('mappingParams') }
}
