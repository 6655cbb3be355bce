import type { Command } from 'commander'
import type { EndWith } from './end-with.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'

export function addRun(program: Command, end: EndWith): void {
  const run = program
    .command('run')
    .description('map a file of MARC records on this machine, with a database of its own that is gone afterwards')
    .argument('<file>', 'MARC records: ISO 2709 or MARC-in-JSON lines')
  addRunOptions(run).action(async (file: string, options: RunOptions) => {
    const { runFile } = await import('../run/run-file.ts')
    end(await runFile({ kind: 'given', path: file }, options))
  })
}
