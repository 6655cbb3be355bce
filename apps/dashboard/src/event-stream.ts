import { parseEvent } from './parse-event.ts'

/**
 * Reads server-sent events by fetch, since EventSource cannot send the tenant header.
 *
 * @returns true when the server said `end`, false when the stream broke off
 */
export async function readEvents(
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onOperation: (data: string) => void
): Promise<boolean> {
  const response = await fetch(path, { headers: { ...headers, accept: 'text/event-stream' }, signal, cache: 'no-store' })
  if (!response.ok || response.body === null) return false
  let text = ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += read.value
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const { name, data } = parseEvent(event)
      if (name === 'end') return true
      if (name === 'operation') onOperation(data)
    }
  }
  return false
}
