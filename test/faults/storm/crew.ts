import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '../../../apps/cli/src/demo-file/seeded-random.ts'
import { exitCodes } from '../../../apps/cli/src/exit-codes.ts'
import type { Process } from '../../system/processes.ts'
import { failpoints, pace } from '../jobs-under-fault.ts'
import type { Site } from '../site.ts'

type Verb = 'coordinator' | 'worker'

/** The processes of a site, under a supervisor: whoever ends is replaced. */
export interface Crew {
  /** One of those that are there, by chance; all may be gone at the moment. */
  any(verb: Verb): Process | undefined
  /** @throws when there is none at the moment */
  coordinator(): Process
  /**
   * Those that ended though nobody had told them to, with the last they said; not those that said that something they need to start is
   * away.
   */
  readonly endedAlone: readonly string[]
  /** Processes started so far. */
  started(): number
  signal(member: Process, signal: NodeJS.Signals): void
  /** Nobody is replaced any more. */
  dismiss(): void
}

const CREW: readonly Verb[] = ['coordinator', 'coordinator', 'worker', 'worker', 'worker']
const SETTINGS: Readonly<Record<Verb, Record<string, string>>> = {
  coordinator: {},
  // Each chunk takes a while, so that there is always one to be hit; a call that is never answered does not.
  worker: { ...failpoints(pace(50)), SAVING_CALL_TIMEOUT_MS: '2000' }
}

export async function aCrew(site: Site, chance: SeededRandom): Promise<Crew> {
  const living: Record<Verb, Process[]> = { coordinator: [], worker: [] }
  const toEnd = new WeakSet<Process>()
  const endedAlone: string[] = []
  let dismissed = false
  let started = 0

  async function hire(verb: Verb): Promise<void> {
    started++
    const member = await site.start(verb, SETTINGS[verb], { untilReady: false })
    const ended = member.ended().then((code) => {
      living[verb] = living[verb].filter((each) => each !== member)
      if (!toEnd.has(member) && !dismissed && code !== exitCodes.unreachable)
        endedAlone.push(`${verb} with ${code}: ${JSON.stringify(member.log.slice(-2))}`)
      return 'ended'
    })
    void ended.then(async () => {
      await sleep(200)
      if (!dismissed) await hire(verb)
    })
    const ready = await Promise.race([member.ready().catch(() => 'not ready'), ended])
    if (ready !== 'ended') living[verb].push(member)
  }

  const any = (verb: Verb): Process | undefined => {
    const [first, ...others] = living[verb]
    return first === undefined ? undefined : chance.pick([first, ...others])
  }

  await Promise.all(CREW.map(hire))
  return {
    any,
    coordinator: () => {
      const coordinator = any('coordinator')
      if (coordinator === undefined) throw new Error('no coordinator is there')
      return coordinator
    },
    endedAlone,
    started: () => started,
    signal: (member, signal) => {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') toEnd.add(member)
      member.kill(signal)
    },
    dismiss: () => {
      dismissed = true
    }
  }
}
