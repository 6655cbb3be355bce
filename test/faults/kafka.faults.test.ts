import { describe } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { brokerKilled, brokerSilent, killTheBroker, silenceTheBroker } from './broken-brokers.ts'
import { faultsOn } from './fault.ts'
import { killAfterClaim, killedAfterClaim } from './killed-after-claim.ts'
import { production } from './production.ts'
import { serversMissing, theServers } from './site.ts'
import { wakeAZombie, zombie } from './zombie.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('faults of Kafka itself', missing, 'server'))('faults of Kafka', () => {
  const fault = faultsOn(theServers())

  fault('F13 the broker is killed and comes back', brokerKilled, (site, saw) => killTheBroker(site, saw))
  fault('F14 the lines to the broker fall silent', brokerSilent, (site, saw) => silenceTheBroker(site, saw))
})

describe.skipIf(missing !== undefined && skipSuite('faults in the times of production', missing, 'server'))(
  'in the times of production',
  () => {
    const fault = faultsOn(theServers())

    fault('F1 a worker is killed right after a claim (production values)', killedAfterClaim, (site, saw) =>
      killAfterClaim(site, saw, production)
    )
    fault('F9 a zombie: stopped for longer than its lease, then woken (production values)', zombie, (site, saw) =>
      wakeAZombie(site, saw, { times: production })
    )
    fault('F13 the broker is killed and comes back (production values)', brokerKilled, (site, saw) =>
      killTheBroker(site, saw, production)
    )
    fault('F14 the lines to the broker fall silent (production values)', brokerSilent, (site, saw) =>
      silenceTheBroker(site, saw, production)
    )
  }
)
