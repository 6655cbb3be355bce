import { entityTypes, parseTenantId } from '@marc-migrations/domain'
import type { ClusterSettings, EntityType, NodeView } from '@marc-migrations/domain'
import type { LogLevel } from '../create-logger.ts'
import { logLevels, type LoggerLevels } from './logger-levels.ts'

export interface AdminParts {
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** LOG_LEVEL: the level while the cluster has none of its own. */
  readonly logLevel: LogLevel
  readonly settings: {
    /** As of the last heartbeat. */
    current(): ClusterSettings
    change(change: Partial<Omit<ClusterSettings, 'version'>>): Promise<ClusterSettings>
  }
  readonly nodes: () => Promise<readonly NodeView[]>
  /** @returns the operation that had the right to save, null when none had */
  readonly releaseSaveLock: (tenant: string, entityType: EntityType) => Promise<string | null>
}

export interface AdminAnswer {
  readonly status: number
  /** A text is sent as it is. */
  readonly body?: object | string
  readonly type?: string
}

export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
  }
}

type Body = Readonly<Record<string, unknown>>

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: RegExp
  readonly answer: (parameters: readonly string[], body: Body) => Promise<AdminAnswer> | AdminAnswer
}

/** What is changed here is a setting of the cluster: every node follows with its next heartbeat. */
export function adminRoutes(parts: AdminParts): readonly AdminRoute[] {
  let changed: ClusterSettings | undefined
  const settings = (): ClusterSettings => {
    const beat = parts.settings.current()
    return changed !== undefined && changed.version > beat.version ? changed : beat
  }
  const change = async (wanted: Partial<Omit<ClusterSettings, 'version'>>): Promise<ClusterSettings> => {
    changed = await parts.settings.change(wanted)
    return changed
  }
  const levels: LoggerLevels = logLevels(parts.logLevel)

  return [
    {
      method: 'GET',
      path: /^\/admin\/metrics$/,
      answer: async () => ({ status: 200, body: await parts.metrics.text(), type: parts.metrics.contentType })
    },
    {
      method: 'GET',
      path: /^\/admin\/nodes$/,
      answer: async () => {
        const nodes = await parts.nodes()
        return { status: 200, body: { nodes, totalRecords: nodes.length } }
      }
    },
    { method: 'GET', path: /^\/admin\/settings$/, answer: () => ({ status: 200, body: settings() }) },
    {
      method: 'POST',
      path: /^\/admin\/settings$/,
      answer: async (_, body) => ({ status: 200, body: await change(settingsOf(body)) })
    },
    { method: 'GET', path: /^\/admin\/loggers$/, answer: () => ({ status: 200, body: levels.all(settings().logLevel) }) },
    {
      method: 'GET',
      path: /^\/admin\/loggers\/([\w.$-]+)$/,
      answer: () => ({ status: 200, body: levels.shown(settings().logLevel) })
    },
    {
      method: 'POST',
      path: /^\/admin\/loggers\/([\w.$-]+)$/,
      answer: async (_, body) => {
        const logLevel = levels.wanted(body['configuredLevel'])
        if (logLevel === undefined)
          throw new Refusal(400, `configuredLevel must be null or one of ${levels.names.join(', ')}`)
        await change({ logLevel })
        return { status: 204 }
      }
    },
    {
      method: 'DELETE',
      path: /^\/admin\/save-locks\/([^/]+)\/([^/]+)$/,
      answer: async ([tenant = '', type = '']) => {
        const entityType = entityTypes.find((one) => one === type.toLowerCase())
        if (entityType === undefined) throw new Refusal(400, `The entity type must be one of ${entityTypes.join(', ')}`)
        const operationId = await parts.releaseSaveLock(parseTenantId(tenant), entityType)
        if (operationId === null) throw new Refusal(404, `Nobody saves for ${tenant} and ${entityType}`)
        return { status: 200, body: { operationId } }
      }
    }
  ]
}

/** What is left out stays as it is; a throttle of null is none. */
function settingsOf(body: Body): Partial<Omit<ClusterSettings, 'version'>> {
  const { paused, throttlePerMinute } = body
  if (paused !== undefined && typeof paused !== 'boolean') throw new Refusal(400, 'paused must be true or false')
  if (throttlePerMinute !== undefined && throttlePerMinute !== null && !isCount(throttlePerMinute)) {
    throw new Refusal(400, 'throttlePerMinute must be null or a number of chunks, 1 or more')
  }
  return {
    ...(paused === undefined ? {} : { paused }),
    ...(throttlePerMinute === undefined ? {} : { throttlePerMinute })
  }
}

const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 1 && Number(value) < 2 ** 31
