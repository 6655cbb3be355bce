/**
 * The one topic: hints for every tenant, `ALL` being FOLIO's word for that.
 *
 * @see FOLIO's order of a topic's parts: env, tenant, producer, entity
 */
export function chunkTopic(env: string): string {
  return `${env}.ALL.marc-migrations.chunk`
}

/** Consumer group of all workers of a deployment. */
export function workerGroup(env: string): string {
  return `${env}.marc-migrations.worker`
}
