import { describe } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { brokerKilled, brokerSilent, killTheBroker, silenceTheBroker } from './broken-brokers.ts'
import { faultsOn } from './fault.ts'
import { production } from './production.ts'
import { serversMissing, theServers } from './site.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('faults of Kafka in the times of production', missing, 'server'))(
  'faults of Kafka in the times of production',
  () => {
    const fault = faultsOn(theServers())

    fault('F13 the broker is killed and comes back (production values)', brokerKilled, (site, saw) =>
      killTheBroker(site, saw, production)
    )
    fault('F14 the lines to the broker fall silent (production values)', brokerSilent, (site, saw) =>
      silenceTheBroker(site, saw, production)
    )
  }
)
