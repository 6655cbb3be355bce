import { connect, type Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'

const KEEP_ALIVE_MS = 10_000

export interface ConnectionGuard {
  readonly socketFactory: ISocketFactory
  /** Destroys every socket to one broker (`host:port`), so that the client dials again. */
  cut(broker: string): void
  /** Destroys every socket, and refuses new ones. */
  close(): void
}

/**
 * Knows every socket of a client, because the client does not close one on which answers stay out: on a link that died
 * without a reset it would wait for ever (kafkajs issue 919). Public interface only: a socket factory, and the client's
 * event of a request that timed out, which its owner hands to `cut`.
 *
 * @param connectLimitMs a socket that is not connected after this is destroyed
 */
export function connectionGuard(connectLimitMs: number): ConnectionGuard {
  const live = new Map<Socket, string>()
  let closed = false

  function dial({ host, port, onConnect }: Parameters<ISocketFactory>[0]): Socket {
    if (closed) throw new Error('the client is closed')
    const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onConnect)
    const unanswered = setTimeout(() => socket.destroy(new Error('no connection')), connectLimitMs)
    live.set(socket, `${host}:${port}`)
    showEndAsError(socket)
    socket.once('connect', () => clearTimeout(unanswered))
    socket.once('close', () => {
      clearTimeout(unanswered)
      live.delete(socket)
    })
    return socket
  }

  function destroy(reason: string, concerned: (broker: string) => boolean): void {
    for (const [socket, broker] of live) if (concerned(broker)) socket.destroy(new Error(reason))
  }

  return {
    socketFactory: dial,
    cut: (broker) => destroy('an answer stayed out', (of) => of === broker),
    close: () => {
      closed = true
      destroy('the client is closed', () => true)
    }
  }
}

/**
 * At a connection that a broker ends in good order, the client forgets the broker; the last one forgotten costs a consumer its
 * membership, and the group half a minute. At an error it only tries again.
 */
function showEndAsError(socket: Socket): void {
  socket.on('end', () => socket.destroy(new Error('the broker closed the connection')))
  const subscribe = socket.on.bind(socket) as (event: string, listener: (...args: unknown[]) => void) => Socket
  socket.on = (event: string, listener: (...args: never[]) => void) =>
    event === 'end' ? socket : subscribe(event, listener as (...args: unknown[]) => void)
}
