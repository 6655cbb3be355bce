import type { SeededRandom } from './seeded-random.ts'
import type { Seat, SimulatedCluster } from './simulated-cluster.ts'
import type { Server } from './simulated-network.ts'
import type { World } from './simulated-world.ts'

/** From a hiccup to several leases. */
const STOP_MS = [300, 9_000] as const
/** Past the end of a lease, so that another has the chunk by then. */
const ZOMBIE_MS = [4_000, 12_000] as const
const AMBUSHED = 0.08
const RESTART_MS = [100, 6_000] as const
const OUTAGE_MS = [500, 9_000] as const
const SERVERS: readonly Server[] = ['database', 'objects', 'broker', 'sink']

/** Kills, stops, cuts off and takes away, for as long as the world is not calm. */
export function startNemesis(world: World, cluster: SimulatedCluster, random: SeededRandom): void {
  const { time, profile, network } = world
  const each = (meanMs: number, strike: () => void): void => {
    if (meanMs === Infinity) return
    const wait = (): void => {
      time.after(meanMs * (0.2 + 1.6 * random.next()), () => {
        if (network.calm) return
        strike()
        wait()
      })
    }
    wait()
  }

  /** Rather one that holds a lease: it has more to lose. */
  const victim = (): Seat => {
    const holders = new Set(Object.values(world.database.state.chunks).map(({ leaseOwner }) => leaseOwner))
    const busy = cluster.seats.filter(({ process }) => holders.has(process.name))
    return random.pick(busy.length > 0 && random.chance(0.6) ? busy : cluster.seats)
  }

  each(profile.killEveryMs, () => cluster.kill(victim(), random.between(...RESTART_MS)))
  each(profile.stopEveryMs, () => cluster.stop(victim(), random.between(...STOP_MS)))
  each(profile.terminateEveryMs, () => cluster.terminate(random.pick(cluster.seats)))
  each(profile.outageEveryMs, () => {
    const server = random.pick(SERVERS)
    world.history.note(`${server} away`)
    network.takeAway(server)
    time.after(random.between(...OUTAGE_MS), () => network.bringBack(server))
  })
  each(profile.partitionEveryMs, () => {
    const { process } = victim()
    const server = random.pick(SERVERS)
    world.history.note(`${process.name} cut off from ${server}`)
    network.cutOff(process, server)
    time.after(random.between(...OUTAGE_MS), () => network.connect(process))
  })
  each(profile.driftEveryMs, () => world.records.drift(random))

  if (profile.ambush) {
    network.overhear = (moment, process, what) => {
      if (network.calm || process.state !== 'running') return
      const seat = cluster.seats.find((one) => one.process === process)
      if (seat === undefined) return
      if (moment === 'done' && what === 'objects.put' && random.chance(AMBUSHED)) {
        cluster.stop(seat, random.between(...ZOMBIE_MS))
      }
      if (moment === 'sent' && what === 'chunks.count' && random.chance(AMBUSHED)) {
        time.after(0, () => cluster.kill(seat, random.between(...RESTART_MS)))
      }
    }
  }

  if (profile.rulesAwayMs > 0) {
    network.takeAway('rules')
    time.after(profile.rulesAwayMs, () => network.bringBack('rules'))
  }
}
