import { kafkaClient } from './kafka-client.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { within } from './within.ts'

const LIMIT_MS = 10_000

/** Tells a broker that is away from a client of ours that is stuck. Never rejects. */
export async function brokerAnswers(settings: KafkaSettings): Promise<boolean> {
  const client = kafkaClient(settings, 0)
  const admin = client.kafka.admin()
  client.guard(admin)
  try {
    await within(
      'a probe of the broker',
      LIMIT_MS,
      admin.connect().then(() => admin.describeCluster()),
      settings.clock
    )
    return true
  } catch {
    return false
  } finally {
    client.cutAll()
  }
}
