import type { Command } from 'commander'

interface ServeOptions {
  readonly embedded?: true
  readonly dataDir: string
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('API, page and worker in one process; everything from the environment')
    .option('--embedded', 'with a PostgreSQL of its own and objects in a directory, for a laptop')
    .option('--data-dir <dir>', 'where --embedded keeps database and objects', '.marc-migrations')
    .action(async ({ embedded, dataDir }: ServeOptions) => {
      if (embedded === true) {
        const { serveEmbedded } = await import('../node/serve-embedded.ts')
        await serveEmbedded(dataDir)
      } else {
        const { readConfig } = await import('@marc-migrations/runtime')
        const { runNode } = await import('../node/run-node.ts')
        await runNode('serve', readConfig(process.env))
      }
    })
}
