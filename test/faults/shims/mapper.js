// Loaded by NODE_OPTIONS=--import: a mapping thread that reads a record with the text of MAPPER_FAULT=<how>:<text> gets into
// trouble there. `spin`: never comes back. `grow`: takes memory until there is none.
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const [how, text] = (process.env.MAPPER_FAULT ?? '').split(':')
if (!isMainThread && text !== undefined) {
  const { toString } = Buffer.prototype
  Buffer.prototype.toString = function (...args) {
    const read = toString.apply(this, args)
    if (read.includes(text)) trouble()
    return read
  }
}

function trouble() {
  writeSync(1, `${JSON.stringify({ msg: 'mapper.in-trouble' })}\n`)
  const hog = []
  for (;;) if (how === 'grow') hog.push(new Array(1_000_000).fill(hog.length + 0.5))
}
