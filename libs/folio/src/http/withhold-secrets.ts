const EXCERPT_CHARS = 300
/** Shorter parts of a token are too likely to be plain words. */
const SECRET_CHARS = 12
const HARMLESS = new Set(['x-okapi-url', 'x-okapi-tenant', 'x-okapi-user-id', 'x-okapi-request-id', 'accept-language'])

/**
 * The beginning of an answer in one line, fit for a message: what was sent in headers, the token above all, is left out where a
 * peer repeats it.
 */
export function withholdSecrets(text: string, headers: Readonly<Record<string, string>>): string {
  const secrets = Object.entries(headers)
    .filter(([name]) => !HARMLESS.has(name.toLowerCase()))
    .flatMap(([, value]) => [value, ...value.split(/[.\s]/)])
    .filter((secret) => secret.length >= SECRET_CHARS)
  const clean = secrets.reduce((left, secret) => left.replaceAll(secret, '[withheld]'), text)
  return clean.replaceAll(/\s+/g, ' ').trim().slice(0, EXCERPT_CHARS)
}
