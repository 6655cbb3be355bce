import { Option, type Command } from 'commander'
import type { WriteFormat } from '@marc-migrations/marc'
import type { ConvertOptions } from '../records/convert-files.ts'
import type { EndWith } from './end-with.ts'
import { fromOption } from './from-option.ts'

const TO: readonly WriteFormat[] = ['jsonl', 'iso2709', 'marcxml', 'mrk']

export function addConvert(program: Command, end: EndWith): void {
  program
    .command('convert')
    .description('read MARC records in any format and write them to stdout in another')
    .argument('<file...>', 'files, or - for stdin')
    .addOption(fromOption())
    .addOption(new Option('--to <format>', 'format of the output').choices([...TO]).makeOptionMandatory())
    .addHelpText(
      'after',
      '\nA record that cannot be read or written is one JSON line on stderr; reading goes on, and the exit code is 3.'
    )
    .action(async (files: readonly string[], options: ConvertOptions) => {
      const { convertFiles } = await import('../records/convert-files.ts')
      end(await convertFiles(files, options))
    })
}
