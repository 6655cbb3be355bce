import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { TestDatabase } from './postgres.ts'

/** Stands between a pool and the real server, and misbehaves as networks and poolers do. */
export interface Proxy {
  readonly port: number
  /** Sessions that were refused. */
  refused(): number
  /** All that clients have said to the server so far, as Latin-1: statements, values, everything. */
  said(): string
  /** From now on the connections there are hear and say nothing, without ever closing; new ones work. */
  muteAll(): void
  /** As `muteAll`, and new ones are taken and told nothing, until `speak`; those from before stay mute. */
  hush(): void
  speak(): void
  close(): void
}

export interface Misbehaviour {
  /** Refuses a session that asks for limits of the server at its start, in the words of pgbouncer. */
  readonly refuseLimits?: boolean
  /** Answers a goodbye with a last word, as a server does that is shut down at that moment. */
  readonly lastWord?: boolean
}

const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4])

export async function aProxy(db: TestDatabase, misbehaviour: Misbehaviour = {}): Promise<Proxy> {
  let refused = 0
  let muted = 0
  let born = 0
  let hushed = false
  const said: Buffer[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const proxy = createServer((client) => {
    if (hushed) return void keep(client)
    keep(client).once('data', (startup: Buffer) => {
      const asked = ['statement_timeout', 'lock_timeout'].find((name) => startup.includes(name))
      if (misbehaviour.refuseLimits === true && asked !== undefined) {
        refused++
        client.end(errorResponse('08P01', `unsupported startup parameter: ${asked}`))
        return
      }
      const number = born++
      const server = keep(connect(db.port, db.host))
      server.write(startup)
      server.on('data', (data: Buffer) => number >= muted && client.write(data))
      client.on('data', (data: Buffer) => {
        if (number < muted) return
        said.push(data)
        if (misbehaviour.lastWord === true && data.subarray(0, 5).equals(TERMINATE)) {
          client.write(errorResponse('57P01', 'terminating connection due to administrator command'))
        } else server.write(data)
      })
      client.on('close', () => server.destroy())
    })
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    refused: () => refused,
    said: () => Buffer.concat(said).toString('latin1'),
    muteAll: () => (muted = born),
    hush: () => {
      muted = born
      hushed = true
    },
    speak: () => (hushed = false),
    close: () => {
      sockets.forEach((socket) => socket.destroy())
      proxy.close()
    }
  }
}

function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
