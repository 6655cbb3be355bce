import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'

/** A line between clients and a broker that can go wrong in the ways of real ones. */
export interface Link {
  readonly port: number
  /** Where what comes in goes to; to be set before the first connection. */
  to(port: number): void
  /** Connections that are live now fall silent without being closed; new ones work. As when a firewall forgets them. */
  swallow(): void
  /** All connections are reset, and new ones refused, until `open`. */
  shut(): Promise<void>
  open(): Promise<void>
  /** Bytes swallowed, all told. */
  swallowed(): number
  close(): Promise<void>
}

/** @param opened false to begin with a port that refuses */
export async function kafkaLink({ opened = true } = {}): Promise<Link> {
  const live = new Set<Socket>()
  const silent = new WeakSet<Socket>()
  let target = 0
  let lost = 0

  function join(client: Socket): void {
    const broker = connect({ host: '127.0.0.1', port: target })
    forward(client, broker)
    forward(broker, client)
  }

  function forward(from: Socket, to: Socket): void {
    live.add(from)
    from.on('data', (bytes) => {
      if (silent.has(from)) lost += bytes.byteLength
      else to.write(bytes)
    })
    from.on('error', () => {})
    from.on('close', () => {
      live.delete(from)
      if (!silent.has(from)) to.destroy()
    })
  }

  const server = createServer(join)
  await listen(server, 0)
  const { port } = server.address() as AddressInfo

  async function shut(): Promise<void> {
    for (const socket of live) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  if (!opened) await shut()

  return {
    port,
    to: (brokerPort) => {
      target = brokerPort
    },
    swallow: () => {
      for (const socket of live) silent.add(socket)
    },
    shut,
    open: () => listen(server, port),
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
