import { execFileSync, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A host of the network: a namespace of its own, with one cable to the switch. */
export interface Host {
  readonly name: string
  readonly address: string
  /** Words before a command that make it run there. */
  readonly through: readonly string[]
  /** From now on no packet and no reset passes its cable; the host itself still sees a link. */
  unplug(): void
  plug(): void
  /** What it sends to `other` is lost, all else goes on; undone by `find`. */
  lose(other: Host): void
  find(other: Host): void
}

export interface Network {
  host(name: string): Host
  /** Our own end: an address of the tests on the same switch. */
  readonly address: string
  readonly close: () => Promise<void>
}

/** Why hosts cannot be had here; undefined when they can. */
export function networkMissing(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  try {
    ip(['netns', 'list'])
    return undefined
  } catch {
    return 'ip is not on the PATH, or may make no namespaces (Debian: iproute2)'
  }
}

const OUR_NUMBER = 1
const FIRST_NUMBER = 11

/**
 * Hosts on one switch, none with a way out. Addresses are of the range for tests of networks (RFC 2544). Neighbours are written
 * down, not asked for: so a host that is gone swallows, as one behind a router does, and nobody is told that it is unreachable.
 *
 * @param names letters and digits, each also what its name server is asked for
 */
export function openNetwork(names: readonly string[]): Network {
  const run = `mm${randomBytes(3).toString('hex')}`
  const net = `198.18.${randomInt(1, 250)}`
  const number = new Map(names.map((name, i) => [name, FIRST_NUMBER + i]))
  const space = (name: string): string => `${run}-${name}`
  const hub = space('switch')
  const spaces = [hub, ...names.map(space)]
  const end = removeWithUs(spaces)

  batch([...spaces.map((each) => `netns add ${each}`)])
  batch([`link add br0 type bridge`, `link set br0 up`], hub)
  batch([
    `link add ${run} address ${mac(OUR_NUMBER)} type veth peer name p${OUR_NUMBER} netns ${hub}`,
    `addr add ${net}.${OUR_NUMBER}/24 dev ${run}`,
    `link set ${run} up`,
    ...[...number].map(
      ([name, n]) => `link add eth0 netns ${space(name)} address ${mac(n)} type veth peer name p${n} netns ${hub}`
    )
  ])
  const numbers = [OUR_NUMBER, ...number.values()]
  batch(
    numbers.flatMap((n) => [`link set p${n} master br0`, `link set p${n} up`]),
    hub
  )
  const neighbours = (device: string): string[] =>
    numbers.map((n) => `neigh replace ${net}.${n} lladdr ${mac(n)} dev ${device} nud permanent`)
  batch(neighbours(run))
  for (const [name, n] of number) {
    const up = [`link set lo up`, `addr add ${net}.${n}/24 dev eth0`, `link set eth0 up`]
    batch([...up, ...neighbours('eth0')], space(name))
    useNameServer(space(name), `${net}.${OUR_NUMBER}`)
  }

  const host = (name: string): Host => {
    const n = number.get(name)
    if (n === undefined) throw new Error(`there is no host ${name}`)
    const address = `${net}.${n}`
    const other = (of: Host, lladdr: string): void =>
      batch([`neigh replace ${of.address} lladdr ${lladdr} dev eth0 nud permanent`], space(name))
    return {
      name,
      address,
      through: ['ip', 'netns', 'exec', space(name)],
      unplug: () => batch([`link set p${n} nomaster`], hub),
      plug: () => batch([`link set p${n} master br0`], hub),
      lose: (of) => other(of, mac(0)),
      find: (of) => other(of, mac(number.get(of.name) ?? 0))
    }
  }
  const hosts = new Map(names.map((name) => [name, host(name)]))
  return {
    address: `${net}.${OUR_NUMBER}`,
    host: (name) => hosts.get(name) ?? host(name),
    close: end
  }
}

const mac = (n: number): string => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`

function ip(words: readonly string[], input?: string): void {
  execFileSync('ip', [...words], { stdio: ['pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }) })
}

function batch(lines: readonly string[], space?: string): void {
  ip([...(space === undefined ? [] : ['-n', space]), '-batch', '-'], `${lines.join('\n')}\n`)
}

/** `ip netns exec` lays this over /etc/resolv.conf. */
function useNameServer(space: string, address: string): void {
  const dir = join('/etc/netns', space)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'resolv.conf'), `nameserver ${address}\noptions timeout:5 attempts:2\n`)
}

/** A shell that outlives us by as long as it takes to remove the namespaces and what runs in them, however we went. */
function removeWithUs(spaces: readonly string[]): () => Promise<void> {
  const script = `read _; for s in "$@"; do
    ip netns pids $s | xargs -r kill -9; ip netns del $s; rm -rf /etc/netns/$s
  done; rmdir --ignore-fail-on-non-empty /etc/netns`
  const shell = spawn('sh', ['-c', script, 'sh', ...spaces], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  return async () => {
    shell.stdin.end()
    if (shell.exitCode === null) await once(shell, 'exit')
  }
}
