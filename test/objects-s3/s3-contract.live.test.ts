import { randomUUID } from 'node:crypto'
import type { ObjectStore } from '@marc-migrations/domain'
import { objectsContract } from '../contract/objects.contract.ts'
import { startS3 } from '../support/s3.ts'
import { bytesOf, storeOn } from './store-on.ts'

objectsContract('S3', async () => {
  const server = await startS3()
  const prefix = `test/${randomUUID()}`
  const store = storeOn(server, { subPath: prefix })
  return { store: server.kind === 's3rver' ? inTurns(store) : store, prefix, close: () => server.stop() }
})

/** s3rver alone shows a reader an object that is half replaced; what a real server orders itself is ordered for it. */
function inTurns(store: ObjectStore): ObjectStore {
  let tail: Promise<unknown> = Promise.resolve()
  function turn<T>(act: () => Promise<T>): Promise<T> {
    const done = tail.then(act)
    tail = done.catch(() => {})
    return done
  }
  return {
    ...store,
    put: (key, bytes, signal) => turn(() => store.put(key, bytes, signal)),
    read: async function* (key, options) {
      yield await turn(() => bytesOf(store.read(key, options)))
    }
  }
}
