import { signal } from '@preact/signals'

const TENANT = 'marc-migrations.tenant'
const USER = 'marc-migrations.user'

/** The tenant all calls are made for; kept by this browser. */
export const tenant = signal(localStorage.getItem(TENANT) ?? '')

export function chooseTenant(name: string): void {
  tenant.value = name
  localStorage.setItem(TENANT, name)
}

/** Behind a gateway the gateway says who the user is; without one, this browser is someone. */
export function userId(): string {
  const known = localStorage.getItem(USER)
  if (known !== null) return known
  const fresh = randomUuid()
  localStorage.setItem(USER, fresh)
  return fresh
}

/** crypto.randomUUID is missing where the page is not served over https or from localhost. */
function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
