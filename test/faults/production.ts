/** What the fast profile shortens, as it is in production; of a test that has to show that these values themselves are sound. */
export const production: Readonly<Record<string, string>> = {
  LEASE_MS: '60000',
  LEASE_RENEW_MS: '20000',
  SWEEP_INTERVAL_MS: '15000',
  REPUBLISH_MS: '60000',
  NODE_HEARTBEAT_MS: '5000',
  KAFKA_SESSION_TIMEOUT_MS: '30000',
  KAFKA_HEARTBEAT_MS: '3000'
}
