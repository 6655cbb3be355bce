import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { afterEach, expect, test } from 'vitest'

const tsx = createRequire(import.meta.url).resolve('tsx')
const started: ChildProcess[] = []
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')))

/** A process that says `ready`, and ends by `onShutdown` with the given body of `close`. */
async function aProcess(close: string, then = ''): Promise<{ child: ChildProcess; output: () => string }> {
  const script = `
    import { createLogger, onShutdown } from '@marc-migrations/runtime'
    const logger = createLogger({ logLevel: 'info' }, {})
    onShutdown(logger, async (deadlineMs) => { ${close} })
    setInterval(() => {}, 1000)
    console.log('ready')
    ${then}`
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  started.push(child)
  let output = ''
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(output)))
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
      if (output.includes('ready')) resolve()
    })
  })
  return { child, output: () => output }
}

test('SIGTERM drains and exits 0', async () => {
  const { child, output } = await aProcess(`console.log('closed within', deadlineMs)`)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(output()).toContain('closed within 25000')
  expect(output()).toContain('process.shutdown.done')
})

test('a second signal exits at once', async () => {
  const { child, output } = await aProcess(`console.log('draining'); await new Promise(() => {})`)
  child.kill('SIGTERM')
  await expect.poll(output).toContain('draining')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(output()).toContain('process.shutdown.forced')
})

test('a close that fails exits 1 and is logged', async () => {
  const { child, output } = await aProcess(`throw new Error('no way to close')`)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(output()).toContain('no way to close')
})

test('a lost rejection is logged and ends the process without draining', async () => {
  const { child, output } = await aProcess(`console.log('drained')`, `void Promise.reject(new Error('nobody waits'))`)
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(output()).toContain('process.crashed')
  expect(output()).toContain('nobody waits')
  expect(output()).not.toContain('drained')
})
