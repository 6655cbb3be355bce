import { readFileSync } from 'node:fs'

export interface UserIds {
  readonly uid: number
  readonly gid: number
}

/** Accounts that exist on every Unix and own nothing of worth, best first. */
const PREFERRED = ['nobody', 'daemon']

/**
 * The account PostgreSQL runs under when we are root, which it refuses to be. It needs an entry in the passwd file, a running
 * number alone will not do; no account is created for it.
 *
 * @returns undefined when we are an ordinary user: PostgreSQL then runs as ourselves
 * @throws {Error} when there is no other account than root
 */
export function unprivilegedUser(passwd = '/etc/passwd', uid = process.getuid?.()): UserIds | undefined {
  if (uid !== 0) return undefined
  const accounts = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uidText = '', gidText = '']) => ({ name, uid: Number(uidText), gid: Number(gidText) }))
    .filter((account) => account.name !== '' && Number.isInteger(account.uid) && account.uid !== 0)
  const rank = (name: string) => (PREFERRED.includes(name) ? PREFERRED.indexOf(name) : PREFERRED.length)
  const [best] = accounts.sort((a, b) => rank(a.name) - rank(b.name))
  if (best === undefined) {
    throw new Error('PostgreSQL does not run as root, and this machine has no other account. Start as an ordinary user.')
  }
  return { uid: best.uid, gid: best.gid }
}
