import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A request as bytes, each piece sent after a pause; nothing about it needs to be HTTP. */
export interface RawRequest {
  readonly method: string
  readonly pieces: readonly Uint8Array[]
  /** Waited before each piece but the first. */
  readonly pauseMs: number
  /** The request breaks off after its last piece: the sender has nothing more to say and waits for no more than the answer. */
  readonly breaksOff: boolean
}

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How a sender that breaks off is given time to be answered before it hangs up. */
const BROKEN_MS = 300
const HEAD_END = '\r\n\r\n'

/**
 * Sends bytes on a connection of their own and reads the answer to its end; of an event stream, its first event.
 *
 * @returns null when the server closed without a word, which is no answer, but no hang either
 * @throws when nothing has ended within the limit
 */
export async function exchange(port: number, request: RawRequest, limitMs: number): Promise<RawAnswer | null> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}) // a server that has refused a request may reset what still comes
  const answered = answerOf(socket, request.method)
  const tooLate = new AbortController()
  try {
    return await Promise.race([
      answered,
      write(socket, request).then(() => answered),
      delay(limitMs, undefined, { signal: tooLate.signal }).then(() => {
        throw new Error(`no end within ${limitMs} ms`)
      })
    ])
  } finally {
    tooLate.abort()
    socket.destroy()
  }
}

async function write(socket: Socket, { pieces, pauseMs, breaksOff }: RawRequest): Promise<void> {
  for (const [at, piece] of pieces.entries()) {
    if (at > 0 && pauseMs > 0) await delay(pauseMs)
    if (socket.writable) socket.write(piece)
  }
  if (!breaksOff) return
  await delay(BROKEN_MS)
  socket.end()
}

function answerOf(socket: Socket, method: string): Promise<RawAnswer | null> {
  return new Promise((resolve) => {
    const read: Buffer[] = []
    const finish = (): void => resolve(read.length === 0 ? null : parseAnswer(Buffer.concat(read), method))
    socket.on('data', (piece: Buffer) => {
      read.push(piece)
      const text = piece.toString('latin1')
      if (text.includes('event: ')) finish()
    })
    socket.once('close', finish)
  })
}

function parseAnswer(bytes: Buffer, method: string): RawAnswer {
  const text = bytes.toString('latin1')
  const headEnd = text.indexOf(HEAD_END)
  const [first = '', ...lines] = text.slice(0, headEnd === -1 ? undefined : headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) ?/.exec(first)?.[1])
  if (headEnd === -1 || Number.isNaN(status)) throw new Error(`no HTTP in the answer: ${text.slice(0, 300)}`)
  if (status === 100) return parseAnswer(bytes.subarray(headEnd + HEAD_END.length), method)
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
  )
  const rest = bytes.subarray(headEnd + HEAD_END.length)
  if (method === 'HEAD') return { status, headers, body: '' }
  // What comes behind it answers the bytes behind the request, which the server took for another one.
  const length = Number(headers['content-length'] ?? rest.length)
  const body = headers['transfer-encoding'] === 'chunked' ? unchunk(rest) : rest.subarray(0, length)
  return { status, headers, body: body.toString('utf8') }
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (lineEnd === -1 || !(length > 0)) return Buffer.concat(parts)
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}
