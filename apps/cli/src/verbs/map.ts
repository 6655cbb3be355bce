import { Option, type Command } from 'commander'
import { entityTypes, parseTenantId } from '@marc-migrations/domain'
import { LAPTOP_TENANT } from '../node/embedded-environment.ts'
import type { MapOptions } from '../records/map-file.ts'
import type { EndWith } from './end-with.ts'
import { fromOption } from './from-option.ts'

export function addMap(program: Command, end: EndWith): void {
  program
    .command('map')
    .description('map the records of one file to stdout, a line per record in their order: the entity, or {"error","index"}')
    .argument('<file>', 'a file, or - for stdin')
    .addOption(new Option('--entity <type>', 'what the records become').choices([...entityTypes]).makeOptionMandatory())
    .addOption(fromOption())
    .option('--rules <file>', 'mapping rules as JSON, as FOLIO has them; our own when absent')
    .option('--params <file>', 'reference data as JSON, as FOLIO has them; our own when absent')
    .option('--tenant <id>', 'the ids of the entities follow from it', parseTenantId, LAPTOP_TENANT)
    .option('--bare', "the mapper's own result, without source and made id")
    .option('--explain', 'for each record, which rule made which property, and what was dropped and why')
    .action(async (file: string, options: MapOptions) => {
      const { mapFile } = await import('../records/map-file.ts')
      end(await mapFile(file, options))
    })
}
