import type { Command } from 'commander'

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('claim chunks and map them; add as many as you like, whenever you like')
    .action(async () => {
      const { readConfig } = await import('@marc-migrations/runtime')
      const { runNode } = await import('../node/run-node.ts')
      await runNode('worker', readConfig(process.env))
    })
}
