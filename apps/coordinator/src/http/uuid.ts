import { noRoute, typeMismatch } from './api-error.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/**
 * @returns the operation's id in lower case, as the database spells it
 * @throws {ApiError} 404 for none at all: that is the path of the list with a slash behind it
 */
export function operationIdOf(text: string): string {
  if (text === '') throw noRoute('/marc-migrations/')
  if (!isUuid(text)) throw typeMismatch('operationId', 'java.util.UUID', `Invalid UUID string: ${text}`)
  return text.toLowerCase()
}
