import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { patchRequestTimer } from '../../libs/broker/src/patch-request-timer.ts'

const require = createRequire(import.meta.url)
const silence = { debug: () => {}, warn: () => {} }

interface Queue {
  throttleCheckTimeoutId: unknown
  pending: unknown[]
  scheduleCheckPendingRequests(): void
  maybeThrottle(ms: number): void
  push(request: object): void
  destroy(): void
}
const RequestQueue = require('kafkajs/src/network/requestQueue') as new (options: object) => Queue

const aQueue = (): Queue =>
  new RequestQueue({ requestTimeout: 1_000, maxInFlightRequests: null, clientId: 'x', broker: 'x', logger: silence })

// One test, since the patch cannot be taken back: the loop without it, and what it leaves alone.
test('the patch applies to the client that is installed, and only the empty loop is gone', async () => {
  const looping = aQueue()
  looping.scheduleCheckPendingRequests()
  expect(looping.throttleCheckTimeoutId).not.toBeNull()
  looping.destroy()

  expect(patchRequestTimer()).toBe('applied')
  expect(patchRequestTimer()).toBe('applied')

  const idle = aQueue()
  idle.scheduleCheckPendingRequests()
  expect(idle.throttleCheckTimeoutId).toBeNull()

  const throttled = aQueue()
  throttled.maybeThrottle(50)
  const sent = new Promise<void>((resolve) => {
    throttled.push({
      entry: { apiKey: 0, apiName: 'Test', apiVersion: 0, correlationId: 1, resolve: () => {}, reject: () => {} },
      expectResponse: false,
      requestTimeout: null,
      sendRequest: resolve
    })
  })
  expect(throttled.pending).toHaveLength(1)
  expect(throttled.throttleCheckTimeoutId).not.toBeNull()
  await sent
  throttled.destroy()
})
