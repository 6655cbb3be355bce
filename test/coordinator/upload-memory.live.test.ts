import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { anApi, test } from './api-fixture.ts'

const MEBIBYTES = 300
const GROWTH_LIMIT_MIB = 64

/** A process of its own, so that what it holds is not counted here: sends records for as long as they fit. */
const SENDER = `
  const [url, mebibytes] = process.argv.slice(1)
  const record = '00056nz  a2200037n  4500100001800000\\x1e1 \\x1faA name\\x1e\\x1d'
  const piece = Buffer.from(record.repeat(Math.floor(1048576 / record.length)))
  async function* pieces() { for (let sent = 0; sent < mebibytes * 1048576; sent += piece.length) yield piece }
  const response = await fetch(url, { method: 'PUT', duplex: 'half', body: ReadableStream.from(pieces()), headers: { 'x-okapi-tenant': 'diku' } })
  console.log(response.status, await response.text())
`

test(
  `an upload of ${MEBIBYTES} MiB grows the coordinator by less than ${GROWTH_LIMIT_MIB} MiB`,
  { timeout: 120_000 },
  async ({ stores }) => {
    const api = await anApi(stores, { settings: { importEnabled: true } })
    try {
      const before = process.memoryUsage().rss
      const sender = spawn(process.execPath, [
        '--input-type=module',
        '-e',
        SENDER,
        `${api.url}/marc-migrations/sources/big.mrc`,
        String(MEBIBYTES)
      ])
      let said = ''
      sender.stdout.on('data', (piece) => (said += String(piece)))
      const ended = once(sender, 'exit')
      let peak = before
      while (sender.exitCode === null) {
        peak = Math.max(peak, process.memoryUsage().rss)
        await delay(20)
      }
      await ended
      expect(said).toMatch(/^201 /)
      const file = await stores.sourceFiles.find('diku', 'big.mrc')
      expect(file?.lengthBytes).toBeGreaterThan(MEBIBYTES * 1048576 - 1)
      const grown = Math.round((peak - before) / 1048576)
      console.log(`upload of ${MEBIBYTES} MiB: the process grew by ${grown} MiB`)
      expect(grown).toBeLessThan(GROWTH_LIMIT_MIB)
    } finally {
      await api.close()
    }
  }
)
