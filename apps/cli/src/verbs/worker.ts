import type { Command } from 'commander'
import { readConfig } from '@marc-migrations/runtime'

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('claim chunks and map them; add as many as you like, whenever you like')
    .action(async () => {
      const { runNode } = await import('../node/run-node.ts')
      await runNode('worker', readConfig(process.env))
    })
}
