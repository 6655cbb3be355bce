import { ApiFailure, call, callHeaders, reasonOf } from './api.ts'
import type { Operation } from './api-types.ts'
import { refreshOperations, refreshSources } from './refresh.ts'
import { notice, opened, replaceOperation } from './state.ts'

export type Control = 'pause' | 'resume' | 'cancel' | 'retry-failed'

const done: Readonly<Record<Control, string>> = {
  pause: 'Paused: live chunks finish, nothing new is handed out',
  resume: 'Going on',
  cancel: 'Cancelled: finished files are kept',
  'retry-failed': 'What failed is being done again'
}

export async function controlOperation(id: string, control: Control): Promise<void> {
  await telling(async () => {
    replaceOperation(await call<Operation>(`/marc-migrations/${id}/${control}`, { method: 'POST' }))
    return done[control]
  })
  await refreshOperations()
}

export async function saveOperation(id: string): Promise<void> {
  await telling(async () => {
    await call(`/marc-migrations/${id}`, { method: 'PUT', body: { status: 'data_saving' } })
    return 'Saving has started'
  })
  await refreshOperations()
}

/** @returns whether it started */
export async function startOperation(body: {
  entityType: string
  operationType: string
  source?: { name: string }
}): Promise<boolean> {
  const started = await telling(async () => {
    const operation = await call<Operation>('/marc-migrations', { method: 'POST', body })
    opened.value = operation.id
    return `Started a migration of ${body.source?.name ?? 'the stored records'}`
  })
  await refreshOperations()
  return started
}

/** Sends a file as it is; XMLHttpRequest, because fetch does not tell how much of a body has gone out. */
export async function uploadSource(file: File, name: string, onProgress: (share: number) => void): Promise<boolean> {
  const uploaded = await telling(async () => {
    await put(`/marc-migrations/sources/${encodeURIComponent(name)}`, file, onProgress)
    return `Uploaded ${name}`
  })
  await refreshSources()
  return uploaded
}

function put(path: string, file: File, onProgress: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', path)
    for (const [header, value] of Object.entries(callHeaders())) request.setRequestHeader(header, value)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.onprogress = (event) => onProgress(event.total === 0 ? 0 : event.loaded / event.total)
    request.onerror = () => reject(new ApiFailure(0, 'The upload broke off; the service does not answer'))
    request.onload = () => {
      if (request.status < 300) resolve()
      else reject(new ApiFailure(request.status, reasonOf(request.responseText, request.statusText)))
    }
    request.send(file)
  })
}

async function telling(work: () => Promise<string>): Promise<boolean> {
  try {
    notice.value = { text: await work(), bad: false }
    return true
  } catch (error) {
    notice.value = { text: error instanceof Error ? error.message : String(error), bad: true }
    return false
  }
}
