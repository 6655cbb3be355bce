import type { Command } from 'commander'
import { CommandFailure } from '../command-failure.ts'
import { exitCodes } from '../exit-codes.ts'
import type { VerifyOptions } from '../verify/verify-command.ts'
import type { EndWith } from './end-with.ts'

export function addVerify(program: Command, end: EndWith): void {
  program
    .command('verify')
    .description('prove from the database and the objects alone that nothing was lost, doubled or changed')
    .argument('[operation]', 'id of an operation')
    .option('--all', 'every operation of every tenant')
    .option('--tenant <id>', 'only operations of this tenant')
    .option('--repair', 'map chunks again whose object is missing or different')
    .option('--embedded', 'the database and objects of serve --embedded')
    .option('--data-dir <dir>', 'where --embedded keeps them', '.marc-migrations')
    .option('--json', 'each manifest as one line of JSON')
    .action(async (operation: string | undefined, options: VerifyOptions) => {
      if ((operation === undefined) !== (options.all === true)) {
        throw new CommandFailure(exitCodes.usage, 'verify: name one operation, or --all of them.')
      }
      const { verifyCommand } = await import('../verify/verify-command.ts')
      end(await verifyCommand(operation, options))
    })
}
