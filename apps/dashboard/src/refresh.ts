import { effect } from '@preact/signals'
import { ApiFailure, call, callHeaders } from './api.ts'
import type { Info, Node, Operation, SourceFile } from './api-types.ts'
import { readEvents } from './event-stream.ts'
import { chooseTenant, tenant } from './identity.ts'
import {
  info,
  loaded,
  nodes,
  opened,
  operations,
  replaceOperation,
  sampleRates,
  shownOperations,
  sources,
  totalOperations,
  trouble
} from './state.ts'

const LIST_EVERY_MS = 2000
const INFO_EVERY_MS = 10_000
const NODES_EVERY_MS = 5000
const HIDDEN_EVERY_MS = 20_000

/** Keeps the state fresh for as long as the page is open; slower while nobody looks. */
export function startRefreshing(): void {
  void repeat(refreshInfo, INFO_EVERY_MS)
  void repeat(refreshOperations, LIST_EVERY_MS)
  void repeat(refreshNodes, NODES_EVERY_MS)
  effect(() => {
    if (tenant.value === '') return
    operations.value = []
    loaded.value = false
    void refreshAll()
  })
  effect(followOpened)
}

export async function refreshAll(): Promise<void> {
  await Promise.all([refreshOperations(), refreshNodes(), refreshSources()])
}

export async function refreshOperations(): Promise<void> {
  if (tenant.value === '') return
  await telling(async () => {
    const asked = tenant.value
    const page = await call<{ migrationOperations: Operation[]; totalRecords: number }>(
      `/marc-migrations?limit=${shownOperations.value}`
    )
    if (asked !== tenant.value) return
    operations.value = page.migrationOperations
    totalOperations.value = page.totalRecords
    loaded.value = true
    sampleRates(page.migrationOperations)
  })
}

export async function refreshSources(): Promise<void> {
  if (tenant.value === '') return
  await telling(async () => {
    sources.value = (await call<{ sources: SourceFile[] }>('/marc-migrations/sources')).sources
  })
}

async function refreshNodes(): Promise<void> {
  if (tenant.value === '') return
  await telling(async () => {
    nodes.value = (await call<{ nodes: Node[] }>('/marc-migrations/nodes')).nodes
  })
}

async function refreshInfo(): Promise<void> {
  await telling(async () => {
    info.value = await call<Info>('/admin/info')
    const preset = info.value.defaultTenant
    if (tenant.value === '' && preset !== undefined) chooseTenant(preset)
  })
}

/** The open operation is followed by its event stream, so its counters move between two polls of the list. */
function followOpened(): () => void {
  const id = opened.value
  const left = new AbortController()
  if (id !== undefined && tenant.value !== '') void follow(id, left.signal)
  return () => left.abort()
}

async function follow(id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const ended = await readEvents(`/marc-migrations/${id}/events`, callHeaders(), signal, (data) =>
      replaceOperation(JSON.parse(data) as Operation)
    ).catch(() => false)
    await pause(ended ? LIST_EVERY_MS : NODES_EVERY_MS)
    if (ended && !isRunning(id)) return
  }
}

function isRunning(id: string): boolean {
  const status = operations.peek().find((operation) => operation.id === id)?.status ?? ''
  return ['new', 'data_mapping', 'data_saving'].includes(status)
}

async function telling(work: () => Promise<void>): Promise<void> {
  try {
    await work()
    trouble.value = undefined
  } catch (error) {
    trouble.value = error instanceof ApiFailure ? error.message : 'The service does not answer; trying again'
  }
}

async function repeat(work: () => Promise<void>, everyMs: number): Promise<never> {
  for (;;) {
    await work()
    await pause(document.hidden ? Math.max(HIDDEN_EVERY_MS, everyMs) : everyMs)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
