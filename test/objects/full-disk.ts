import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A file system of one megabyte; undefined where it cannot be mounted, as by an ordinary user. */
export function aFullDisk(dir: string): { readonly dir: string; release(): void } | undefined {
  mkdirSync(dir, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return { dir, release: () => execFileSync('umount', [dir]) }
}
