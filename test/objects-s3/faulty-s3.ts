import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of one request: passed on, refused, left without an answer, taken in slowly, or its answer cut or held after bytes. */
export type Fate =
  | 'pass'
  | 'silence'
  | 'trickle'
  | { readonly status: number }
  | { readonly cutAfterBytes: number }
  | { readonly holdAfterBytes: number }

export interface FaultyS3 {
  readonly url: string
  /** Fates of the next requests, in order; after them all pass, unless `otherwise` says something else. */
  next(...fates: Fate[]): void
  /** What becomes of requests whose fate nobody named. */
  otherwise(fate: (method: string) => Fate): void
  /** Method and path of each request since the last call. */
  seen(): string[]
  /** Forgets fates that were not met, and what `otherwise` said. */
  forget(): void
  close(): Promise<void>
}

/** A proxy in front of a real server that makes of requests what the test says. */
export async function faultyS3(target: string): Promise<FaultyS3> {
  const fates: Fate[] = []
  const seen: string[] = []
  const pass = (): Fate => 'pass'
  let otherwise: (method: string) => Fate = pass
  const proxy = createServer((incoming, answer) => {
    seen.push(`${incoming.method} ${(incoming.url ?? '').split('?')[0]}`)
    meet(fates.shift() ?? otherwise(incoming.method ?? ''), new URL(target), incoming, answer)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    next: (...more) => void fates.push(...more),
    seen: () => seen.splice(0),
    otherwise: (fate) => {
      otherwise = fate
    },
    forget: () => {
      fates.splice(0)
      otherwise = pass
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        proxy.closeAllConnections()
      })
  }
}

function meet(fate: Fate, target: URL, incoming: IncomingMessage, answer: ServerResponse): void {
  if (fate === 'silence') return
  if (fate === 'trickle') return trickle(incoming)
  if (typeof fate === 'object' && 'status' in fate) {
    incoming.resume()
    answer.writeHead(fate.status).end()
    return
  }
  const { method, headers, url } = incoming
  const outgoing = request({ host: target.hostname, port: target.port, method, headers, path: url }, (real) => {
    answer.writeHead(real.statusCode ?? 500, real.headers)
    if (fate === 'pass') real.pipe(answer)
    else passSome(real, answer, fate)
  })
  outgoing.on('error', () => answer.destroy())
  incoming.pipe(outgoing)
}

/** 32 KiB each 10 ms: never silent, and never done in time. */
function trickle(incoming: IncomingMessage): void {
  const reading = setInterval(() => void incoming.read(32 * 1024), 10)
  incoming.on('readable', () => {})
  incoming.on('close', () => clearInterval(reading))
  incoming.on('error', () => {})
}

function passSome(real: IncomingMessage, answer: ServerResponse, fate: Extract<Fate, object>): void {
  let left = 'cutAfterBytes' in fate ? fate.cutAfterBytes : 'holdAfterBytes' in fate ? fate.holdAfterBytes : 0
  real.on('data', (piece: Buffer) => {
    if (left > 0) answer.write(piece.subarray(0, left))
    left -= piece.byteLength
    if (left > 0) return
    real.destroy()
    if ('cutAfterBytes' in fate) setImmediate(() => answer.destroy())
  })
}
