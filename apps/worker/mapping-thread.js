// Entry of a mapping thread when the sources run unbundled: a thread starts without the loader of its parent.
import { register } from 'tsx/esm/api'

register()
const { remapTask } = await import('./src/remap-task.ts')

export { remapTask }
