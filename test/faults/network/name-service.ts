import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** The name server of a network: knows what it is told, and can forget it, or stop to answer, for one asker or for all. */
export interface NameService {
  /** Asked from `address`, no name is known any more (`unknown`), or no answer comes at all (`silent`). */
  fail(address: string, how: 'unknown' | 'silent'): void
  mend(address: string): void
  /** Questions for a name so far, from anywhere. */
  asked(name: string): number
  close(): void
}

/** @param names name to its addresses */
export async function nameService(at: string, names: Readonly<Record<string, readonly string[]>>): Promise<NameService> {
  const failing = new Map<string, 'unknown' | 'silent'>()
  const questions = new Map<string, number>()
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    const { name, type, end } = parse(question)
    questions.set(name, (questions.get(name) ?? 0) + 1)
    const fault = failing.get(from.address)
    if (fault === 'silent') return
    const known = fault === undefined ? names[name] : undefined
    socket.send(answer(question.subarray(0, end), known, type === A), from.port, from.address)
  })
  socket.bind(53, at)
  await once(socket, 'listening')
  return {
    fail: (address, how) => void failing.set(address, how),
    mend: (address) => void failing.delete(address),
    asked: (name) => questions.get(name) ?? 0,
    close: () => void socket.close()
  }
}

const HEADER_BYTES = 12
const A = 1
const NO_SUCH_NAME = 3

/** One question (RFC 1035, section 4): labels, type, class. */
function parse(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 }
}

/** The addresses, good for a second; none where another type was asked for. */
function answer(question: Buffer, addresses: readonly string[] | undefined, wanted: boolean): Buffer {
  const given = wanted ? (addresses ?? []) : []
  const header = Buffer.from(question)
  header.writeUInt16BE(0x8180 | (addresses === undefined ? NO_SUCH_NAME : 0), 2)
  header.writeUInt16BE(given.length, 6)
  header.writeUInt32BE(0, 8)
  const records = given.map((address) =>
    Buffer.concat([Buffer.from('c00c00010001000000010004', 'hex'), Buffer.from(address.split('.').map(Number))])
  )
  return Buffer.concat([header, ...records])
}
