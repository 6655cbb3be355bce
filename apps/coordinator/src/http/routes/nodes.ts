import type { Api } from '../api.ts'
import { presentNode } from '../present.ts'
import { failures, TenantHeaders } from '../route-context.ts'
import type { RouteContext } from '../route-context.ts'
import { ref } from '../schemas.ts'

const SEEN_WITHIN_MS = 30_000

const nodesSchema = {
  tags: ['cluster'],
  operationId: 'getNodes',
  summary: 'Who is working: nodes seen in the last 30 s',
  headers: TenantHeaders,
  response: { 200: ref<unknown>('NodeCollection', 'The nodes'), ...failures(400, 503) }
}

export function nodeRoutes(api: Api, context: RouteContext): void {
  api.get('/marc-migrations/nodes', { schema: nodesSchema }, async () => {
    const nodes = await context.deps.stores.nodes.nodes(SEEN_WITHIN_MS)
    return { nodes: nodes.map(presentNode), totalRecords: nodes.length }
  })
}
