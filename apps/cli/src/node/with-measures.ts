import type { Clock } from '@marc-migrations/domain'
import { createMetrics, type Metrics } from '@marc-migrations/runtime'
import type { Adapters } from '../open-adapters.ts'
import { measures } from './measures.ts'

/** The same adapters, and the metrics of what goes through them. */
export function withMeasures(adapters: Adapters, clock: Clock, leaseMs: number): { adapters: Adapters; metrics: Metrics } {
  const { stores, objects } = adapters
  const measured = measures(stores.operations, clock, leaseMs)
  const metrics = createMetrics(measured)
  return {
    metrics,
    adapters: {
      ...adapters,
      objects: measured.objects(objects, metrics),
      stores: {
        ...stores,
        chunks: measured.chunks(stores.chunks, metrics),
        publish: measured.publish(stores.publish)
      }
    }
  }
}
