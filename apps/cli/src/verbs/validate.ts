import type { Command } from 'commander'
import type { ValidateFileOptions } from '../records/validate-file.ts'
import type { EndWith } from './end-with.ts'
import { fromOption } from './from-option.ts'

export function addValidate(program: Command, end: EndWith): void {
  program
    .command('validate')
    .description('check a whole file before a run: problems by kind and tag, encodings, duplicate control numbers')
    .argument('<file>', 'a file, or - for stdin')
    .addOption(fromOption())
    .option('--json', 'the report as JSON instead of Markdown')
    .addHelpText('after', '\nThe exit code is 3 when records would be lost.')
    .action(async (file: string, options: ValidateFileOptions) => {
      const { validateFile } = await import('../records/validate-file.ts')
      end(await validateFile(file, options))
    })
}
