import type { Logger } from '@marc-migrations/domain'
import { Kafka, logLevel } from 'kafkajs'
import { connectionGuard, type ConnectionGuard } from './connection-guard.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { patchRequestTimer } from './patch-request-timer.ts'

/** The part of producer, consumer and admin that tells of an answer which stayed out. */
interface Observable {
  readonly events: { readonly REQUEST_TIMEOUT: string }
  on(event: string, listener: (event: { payload: { broker: string } }) => void): unknown
}

export interface KafkaClient {
  readonly kafka: Kafka
  /** To be called with each producer, consumer and admin before it connects. */
  guard(client: Observable): void
  /** Destroys what is left of its connections; the last step of a close, and the only one of a forced close. */
  cutAll(): void
}

/** Retries of one call inside the client; whoever holds the client begins anew after them. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 5_000, multiplier: 2, factor: 0.2 }

/**
 * A client of its own for each producer, consumer and admin: what one of them loses, no other does.
 *
 * @param retries after the first try
 */
export function kafkaClient(settings: KafkaSettings, retries: number): KafkaClient {
  if (patchRequestTimer() === 'not applicable') settings.logger.debug({}, 'bus.timer-patch-not-applicable')
  const guard: ConnectionGuard = connectionGuard(settings.connectionTimeoutMs + 1_000)
  const kafka = new Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    connectionTimeout: settings.connectionTimeoutMs,
    authenticationTimeout: settings.authenticationTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { ...RETRY, retries },
    socketFactory: guard.socketFactory,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => toLog(settings.logger, entry.log)
  })
  return {
    kafka,
    guard: (client) => {
      client.on(client.events.REQUEST_TIMEOUT, ({ payload }) => guard.cut(payload.broker))
    },
    cutAll: () => guard.close()
  }
}

/** The client warns at every try; the adapter itself tells when a state changes, so these are for a close look only. */
function toLog(
  logger: Logger,
  { message, ...fields }: { readonly message: string; readonly [field: string]: unknown }
): void {
  const { broker, error, groupId, retryCount } = fields
  logger.debug({ broker, error, groupId, retryCount, text: message }, 'bus.client-warned')
}
