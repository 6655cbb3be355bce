// `npm run fuzz:api [-- --minutes N] [--seed S]`: the requests of the test beside this, for longer.
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { fuzzApi } from './api-fuzzer.ts'
import { aFuzzedService } from './fuzzed-service.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes ?? 10)
const seed = Number(values.seed ?? Date.now() % 1_000_000_000)

const service = await aFuzzedService()
try {
  console.error(`fuzzing for ${minutes} min, seed ${seed}`)
  const summary = await fuzzApi(service, minutes * 60, seed)
  console.log(JSON.stringify({ minutes, seed, load: loadavg()[0], ...summary, failures: service.failures() }))
  process.exitCode = service.failures().length === 0 ? 0 : 1
} catch (error) {
  if (error instanceof Error) console.error(error.message, error.cause)
  else console.error(error)
  process.exitCode = 1
} finally {
  await service.close()
}
