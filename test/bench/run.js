// `npm run bench [-- NAME…]`: runs the benchmarks and prints one JSON line for each figure. Ratios compare what ran in the same
// run; absolute figures mean nothing without the load that is printed with them.
import { loadavg } from 'node:os'
import { register } from 'tsx/esm/api'

register()
const known = ['parse', 'map', 'e2e', 'split', 'save']
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(2)
}
for (const name of asked.length > 0 ? asked : known) {
  console.error(`# ${name}, load ${loadavg()[0]?.toFixed(1)}`)
  const { run } = await import(`./${name}.ts`)
  await run()
}
process.exit(0)
