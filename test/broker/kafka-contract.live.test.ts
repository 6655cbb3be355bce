import { afterAll, beforeAll, describe } from 'vitest'
import { chunkBusContract } from '../contract/chunk-bus.contract.ts'
import { kafkaMissing, startKafka, type KafkaServer } from '../support/kafka.ts'
import { skipSuite } from '../support/skips.ts'
import { aBus, anEnv, hints } from './bus-fixtures.ts'

const missing = kafkaMissing()

describe.skipIf(missing !== undefined && skipSuite('the broker contract on Kafka', missing, 'server'))('Kafka', () => {
  let kafka: KafkaServer

  beforeAll(async () => {
    kafka = await startKafka()
  })
  afterAll(() => kafka?.stop())

  chunkBusContract('Kafka', () => {
    const env = anEnv()
    const claimed = new Set<string>()
    return Promise.resolve({
      open: () => aBus(kafka.brokers, { env, topicPartitions: 3 }),
      someHints: (count: number) => Promise.resolve(hints(count)),
      claim: ({ chunkId }: { chunkId: string }) => {
        const first = !claimed.has(chunkId)
        claimed.add(chunkId)
        return Promise.resolve(first)
      },
      close: () => Promise.resolve()
    })
  })
})
