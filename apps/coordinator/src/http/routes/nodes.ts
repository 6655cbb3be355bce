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
  description: "Shows the chunks of the asking tenant that a node holds, and of other tenants' only how many.",
  headers: TenantHeaders,
  response: { 200: ref<unknown>('NodeCollection', 'The nodes'), ...failures(400, 503) }
}

export function nodeRoutes(api: Api, context: RouteContext): void {
  const { nodes: store } = context.deps.stores

  api.get('/marc-migrations/nodes', { schema: nodesSchema }, async (request) => {
    const [nodes, holdings] = await Promise.all([store.nodes(SEEN_WITHIN_MS), store.holdings(request.tenant)])
    return { nodes: nodes.map((node) => presentNode(node, holdings)), totalRecords: nodes.length }
  })
}
