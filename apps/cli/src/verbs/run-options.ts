import { InvalidArgumentError, Option, type Command } from 'commander'
import { entityTypes, type EntityType } from '@marc-migrations/domain'

/** What `run` and `demo` take alike. */
export interface RunOptions {
  readonly out?: string
  readonly workers: number
  readonly entity: EntityType
  readonly progress: boolean
  readonly json?: true
}

const MAX_WORKERS = 64

export function addRunOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'write entities.jsonl, rejected.jsonl, rejected.mrc and report.json there')
    .option('--workers <n>', 'worker processes', workerCount, 2)
    .addOption(new Option('--entity <type>', 'what the records become').choices([...entityTypes]).default('authority'))
    .option('--no-progress', 'no progress on stderr')
    .option('--json', 'the report as JSON on stdout')
}

function workerCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS) return count
  throw new InvalidArgumentError(`a whole number from 1 to ${MAX_WORKERS} is wanted.`)
}
