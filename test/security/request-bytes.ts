import type { FuzzRequest } from './api-requests.ts'
import type { RawRequest } from './raw-exchange.ts'

const SLOW_PIECES = 4
const SLOW_PAUSE_MS = 30

/** The request as it goes over the line, its body framed as asked, wrongly too. */
export function requestBytes(request: FuzzRequest): RawRequest {
  const body = Buffer.from(request.body ?? '', 'latin1')
  const framed = frame(request, body)
  const lines = [
    `${request.method} ${request.target} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ...framed.headers
  ]
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const slow = request.framing === 'slow'
  const pieces = slow ? [head, ...inPieces(framed.body)] : [Buffer.concat([head, framed.body])]
  return { method: request.method, pieces, pauseMs: slow ? SLOW_PAUSE_MS : 0, breaksOff: framed.breaksOff }
}

function frame({ framing, body: given }: FuzzRequest, body: Buffer) {
  const whole = { body, breaksOff: false }
  const length = (bytes: number) => [`Content-Length: ${bytes}`]
  const chunked = ['Transfer-Encoding: chunked']
  if (given === undefined) return { headers: [], body: Buffer.alloc(0), breaksOff: framing === 'too long' }
  switch (framing) {
    case 'length':
    case 'slow':
      return { ...whole, headers: length(body.length) }
    case 'chunked':
      return { ...whole, headers: chunked, body: chunks(body) }
    case 'broken chunk':
      return { headers: chunked, body: Buffer.concat([Buffer.from('5\r\nab'), body.subarray(0, 50)]), breaksOff: true }
    case 'too long':
      return { headers: length(body.length + 10), body, breaksOff: true }
    case 'too short':
      return { headers: length(Math.floor(body.length / 2)), body, breaksOff: true }
    case 'both':
      return { headers: [...length(body.length), ...chunked], body: chunks(body), breaksOff: true }
    case 'none':
      return { headers: [], body, breaksOff: true }
  }
}

function chunks(body: Buffer): Buffer {
  const parts = inPieces(body).map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
  )
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

function inPieces(bytes: Buffer): Buffer[] {
  const size = Math.max(1, Math.ceil(bytes.length / SLOW_PIECES))
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}
