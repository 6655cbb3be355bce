import type { Command } from 'commander'
import type { EndWith } from './end-with.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'

export function addDemo(program: Command, end: EndWith): void {
  const demo = program
    .command('demo')
    .description('the whole system on this machine, over a file of yours or one made for the occasion')
    .argument('[file]', 'MARC records; without it 20,000 authority records are made, a few broken on purpose')
  addRunOptions(demo).action(async (file: string | undefined, options: RunOptions) => {
    const { runFile } = await import('../run/run-file.ts')
    end(await runFile(file === undefined ? { kind: 'made' } : { kind: 'given', path: file }, options))
  })
}
