import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface NameServer {
  readonly port: number
  close(): void
}

/** Answers every question for an address with the addresses it is given, as the name server of containers does. */
export async function nameServer(addresses: () => readonly string[]): Promise<NameServer> {
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => socket.send(answerTo(question, addresses()), from.port, from.address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, close: () => void socket.close() }
}

const HEADER_BYTES = 12

/** Header and question as they came (RFC 1035, section 4), then an A record each, good for a second. */
function answerTo(question: Buffer, addresses: readonly string[]): Buffer {
  const header = Buffer.from(question.subarray(0, HEADER_BYTES))
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const nameEnd = question.indexOf(0, HEADER_BYTES) + 1
  const records = addresses.map((address) => {
    const fixed = Buffer.from('c00c00010001000000010004', 'hex')
    return Buffer.concat([fixed, Buffer.from(address.split('.').map(Number))])
  })
  return Buffer.concat([header, question.subarray(HEADER_BYTES, nameEnd + 4), ...records])
}
