import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'

// Sources (src/) and bundle (dist/) lie side by side, so that both find the rest by the same way.
const app = join(import.meta.dirname, '..')
const isBundled = basename(import.meta.dirname) === 'dist'

/** The command itself, for processes of our own. */
export const commandFile = join(app, 'bin', 'marc-migrations.js')

/** The process that ends an embedded PostgreSQL with us. */
export const keeperFile = join(app, 'bin', 'keep-postgres.js')

/** Builds the page, or finds it built, and prints where it lies. */
export const pageBuildFile = join(app, '..', 'dashboard', 'build.js')

/** Plain SQL of the control schema and of the tenants' schemas. */
export const migrationsDir = join(app, '..', '..', 'migrations')

/** What a mapping thread starts with. */
export const threadEntry = pathToFileURL(
  isBundled ? join(app, 'dist', 'mapping-thread.js') : join(app, '..', 'worker', 'mapping-thread.js')
)
