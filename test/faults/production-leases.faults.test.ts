import { describe } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { faultsOn } from './fault.ts'
import { killAfterClaim, killedAfterClaim } from './killed-after-claim.ts'
import { production } from './production.ts'
import { serversMissing, theServers } from './site.ts'
import { wakeAZombie, zombie } from './zombie.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('leases in the times of production', missing, 'server'))(
  'leases in the times of production',
  () => {
    const fault = faultsOn(theServers())

    fault('F1 a worker is killed right after a claim (production values)', killedAfterClaim, (site, saw) =>
      killAfterClaim(site, saw, production)
    )
    fault('F9 a zombie: stopped for longer than its lease, then woken (production values)', zombie, (site, saw) =>
      wakeAZombie(site, saw, { times: production })
    )
  }
)
