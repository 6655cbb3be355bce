import { describe } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { brokerKilled, brokerSilent, killTheBroker, silenceTheBroker } from './broken-brokers.ts'
import { faultsOn } from './fault.ts'
import { serversMissing, theServers } from './site.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('faults of Kafka itself', missing, 'server'))('faults of Kafka', () => {
  const fault = faultsOn(theServers())

  fault('F13 the broker is killed and comes back', brokerKilled, (site, saw) => killTheBroker(site, saw))
  fault('F14 the lines to the broker fall silent', brokerSilent, (site, saw) => silenceTheBroker(site, saw))
})
