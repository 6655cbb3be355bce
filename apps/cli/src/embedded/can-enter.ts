import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { UserIds } from './unprivileged-user.ts'

/** Whether a user may pass through a directory and all that lead to it; what does not exist yet counts as open. */
export function canEnter(dir: string, ids: UserIds): boolean {
  const path = resolve(dir)
  const parent = dirname(path)
  return mayPass(path, ids) && (parent === path || canEnter(parent, ids))
}

function mayPass(dir: string, { uid, gid }: UserIds): boolean {
  const stats = statSync(dir, { throwIfNoEntry: false })
  if (stats === undefined) return true
  const bit = stats.uid === uid ? 0o100 : stats.gid === gid ? 0o010 : 0o001
  return (stats.mode & bit) !== 0
}
