import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('../package.json') as { readonly version: string }

/** Version of the command and of every process it starts. */
export const version = manifest.version
