import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** What a release adds that the one before it must live with: columns with a default, an index, a table. */
const EXPANSIONS = {
  control: `
    alter table node add column of_next_version int not null default 1;
    alter table armed_check add column of_next_version text not null default 'x';
    create table things_of_next_version (id uuid primary key);`,
  tenant: `
    alter table operation add column of_next_version text not null default 'x';
    alter table operation_chunk add column of_next_version text not null default 'x';
    alter table operation_chunk_step add column of_next_version text;
    create index of_next_version on operation_chunk (of_next_version);
    create table things_of_next_version (id uuid primary key);`
} as const

/**
 * A build of the next version: this one's, with a migration more of either schema.
 *
 * @returns its command
 */
export function nextVersion(dir: string): string {
  if (!existsSync(join(root, 'apps/cli/dist/main.js'))) spawnSync(process.execPath, [join(root, 'apps/cli/build.js')])
  const to = join(dir, 'next-version')
  for (const part of ['apps/cli/package.json', 'apps/cli/bin', 'apps/cli/dist', 'migrations'])
    cpSync(join(root, part), join(to, part), { recursive: true })
  for (const part of ['node_modules', 'apps/dashboard']) symlinkSync(join(root, part), join(to, part))
  for (const [kind, sql] of Object.entries(EXPANSIONS))
    writeFileSync(join(to, 'migrations', kind, '9999_of_next_version.sql'), sql)
  return join(to, 'apps/cli/bin/marc-migrations.js')
}
