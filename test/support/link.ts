import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'

/** A line between clients and a server that can go wrong in the ways of real ones. */
export interface Link {
  readonly port: number
  /** Where what comes in goes to; to be set before the first connection. */
  to(port: number, host?: string): void
  /** Connections that are live now fall silent without being closed; new ones work. As when a firewall forgets them. */
  swallow(): void
  /** As `swallow`, and what connects from now on is accepted and never answered, until `open`. */
  blackHole(): void
  /** All connections are reset, and new ones refused, until `open`. */
  shut(): Promise<void>
  open(): Promise<void>
  /** What clients send passes at this many bytes a second and connection; undefined as fast as it comes. */
  slow(bytesPerSecond: number | undefined): void
  /** So many requests to come are cut off, each when this many bytes of it have passed. */
  cut(requests: number, afterBytes: number): void
  /** Requests that are still to be cut. */
  uncut(): number
  /** Bytes swallowed, all told. */
  swallowed(): number
  close(): Promise<void>
}

const SLICES_A_SECOND = 10

/** @param opened false to begin with a port that refuses */
export async function aLink({ opened = true } = {}): Promise<Link> {
  const live = new Set<Socket>()
  const silent = new WeakSet<Socket>()
  let target = { host: '127.0.0.1', port: 0 }
  let lost = 0
  let hole = false
  let rate: number | undefined
  let cuts = { left: 0, afterBytes: 0 }

  function join(client: Socket): void {
    if (hole) silent.add(client)
    const server = connect(target)
    let asked = 0
    forward(client, server, (bytes) => {
      asked += bytes.byteLength
      if (cuts.left > 0 && asked > cuts.afterBytes) {
        cuts.left--
        server.write(bytes.subarray(0, Math.max(0, bytes.byteLength - (asked - cuts.afterBytes))), () => server.destroy())
        client.destroy()
      } else if (rate === undefined) server.write(bytes)
      else void trickle(client, server, bytes)
    })
    forward(server, client, (bytes) => {
      asked = 0
      client.write(bytes)
    })
  }

  function forward(from: Socket, to: Socket, pass: (bytes: Buffer) => void): void {
    live.add(from)
    from.on('data', (bytes) => {
      if (silent.has(from)) lost += bytes.byteLength
      else pass(bytes)
    })
    from.on('error', () => {})
    from.on('close', () => {
      live.delete(from)
      if (!silent.has(from)) to.destroy()
    })
  }

  async function trickle(from: Socket, to: Socket, bytes: Buffer): Promise<void> {
    from.pause()
    for (let sent = 0; sent < bytes.byteLength && !to.destroyed;) {
      const size = rate === undefined ? bytes.byteLength : Math.ceil(rate / SLICES_A_SECOND)
      to.write(bytes.subarray(sent, sent + size))
      sent += size
      await new Promise((resolve) => setTimeout(resolve, 1000 / SLICES_A_SECOND))
    }
    from.resume()
  }

  const server = createServer(join)
  await listen(server, 0)
  const { port } = server.address() as AddressInfo

  function swallow(): void {
    for (const socket of live) silent.add(socket)
  }
  async function shut(): Promise<void> {
    for (const socket of live) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  if (!opened) await shut()

  return {
    port,
    to: (serverPort, host = '127.0.0.1') => {
      target = { host, port: serverPort }
    },
    swallow,
    blackHole: () => {
      hole = true
      swallow()
    },
    shut,
    open: async () => {
      hole = false
      if (!server.listening) await listen(server, port)
    },
    slow: (bytesPerSecond) => {
      rate = bytesPerSecond
    },
    cut: (requests, afterBytes) => {
      cuts = { left: requests, afterBytes }
    },
    uncut: () => cuts.left,
    swallowed: () => lost,
    close: shut
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}
