import type { Command } from 'commander'

export function addCoordinator(program: Command): void {
  program
    .command('coordinator')
    .description('serve the API, split, publish and finalise; any number of them share the work')
    .action(async () => {
      const { readConfig } = await import('@marc-migrations/runtime')
      const { runNode } = await import('../node/run-node.ts')
      await runNode('coordinator', readConfig(process.env))
    })
}
