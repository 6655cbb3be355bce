/** Times of the protocol in ms; the configuration fills them, a test profile shortens them. */
export interface ProtocolSettings {
  readonly leaseMs: number
  readonly leaseRenewMs: number
  readonly checkIntervalMs: number
  readonly sweepIntervalMs: number
  /** A published chunk nobody claimed is published again after this, then twice this, then four times … */
  readonly republishMs: number
  readonly nodeHeartbeatMs: number
  /** How long the freeze tries to get the rules. */
  readonly metadataWaitMs: number
}
