import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

/** Ticks a second in /proc; 100 on every Linux that Node runs on. */
const TICKS = 100

interface ProcessTimes {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly cpuSeconds: number
}

/** CPU seconds used so far by processes and their children, by role. Linux only. */
export type CpuByRole<Role extends string> = Readonly<Record<Role, number>>

/** Adds up the CPU of each role's processes and of all their descendants, those that have ended included. */
export function cpuOf<Role extends string>(roots: Readonly<Record<Role, readonly number[]>>): CpuByRole<Role> {
  const all = readProcesses()
  const children = groupByParent(all)
  const sum = (pid: number): number => {
    const own = all.find((process) => process.pid === pid)?.cpuSeconds ?? 0
    return own + (children.get(pid) ?? []).reduce((total, child) => total + sum(child.pid), 0)
  }
  const entries = Object.entries(roots) as [Role, readonly number[]][]
  return Object.fromEntries(
    entries.map(([role, pids]) => [role, pids.reduce((total, pid) => total + sum(pid), 0)])
  ) as CpuByRole<Role>
}

/** Processes whose command line holds the text. */
export function pidsOf(text: string): readonly number[] {
  return readProcesses()
    .filter(({ command }) => command.includes(text))
    .map(({ pid }) => pid)
}

/** Most memory a process ever had, MB. */
export function peakRssMb(pid: number): number {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(peak?.[1] ?? 0) / 1024)
}

/** One line per figure, as every benchmark prints it. */
export function report(name: string, unit: string, value: number, more: Record<string, unknown> = {}): void {
  const box = { load: Number((loadavg()[0] ?? 0).toFixed(1)), cpu: cpus()[0]?.model, date: new Date().toISOString() }
  console.log(JSON.stringify({ name, unit, value: Number(value.toPrecision(4)), ...more, ...box }))
}

function groupByParent(all: readonly ProcessTimes[]): ReadonlyMap<number, readonly ProcessTimes[]> {
  const children = new Map<number, ProcessTimes[]>()
  for (const process of all) children.set(process.parent, [...(children.get(process.parent) ?? []), process])
  return children
}

function readProcesses(): readonly ProcessTimes[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const fields = stat
          .slice(stat.lastIndexOf(')') + 2)
          .split(' ')
          .map(Number)
        const [parent, user, system, endedUser, endedSystem] = [fields[1], fields[11], fields[12], fields[13], fields[14]]
        const ticks = (user ?? 0) + (system ?? 0) + (endedUser ?? 0) + (endedSystem ?? 0)
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ pid: Number(name), parent: parent ?? 0, command, cpuSeconds: ticks / TICKS }]
      } catch {
        return [] // gone in between
      }
    })
}
