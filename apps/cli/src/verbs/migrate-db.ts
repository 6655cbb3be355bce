import type { Command } from 'commander'
import { parseTenantId } from '@marc-migrations/domain'
import { version } from '../version.ts'

export function addMigrateDb(program: Command): void {
  program
    .command('migrate-db')
    .description('create or upgrade the control schema, and the schemas of the tenants named')
    .option('--tenant <id...>', 'register these tenants')
    .action(async ({ tenant = [] }: { tenant?: string[] }) => {
      const tenants = tenant.map(parseTenantId)
      const { createLogger, readDatabaseConfig } = await import('@marc-migrations/runtime')
      const config = readDatabaseConfig(process.env)
      const { openDatabase } = await import('../open-adapters.ts')
      const logger = createLogger(config, { service: 'marc-migrations-migrate-db', version })
      const stores = await openDatabase(config, logger)
      try {
        for (const id of tenants) {
          await stores.tenants.register(id)
          logger.info({ tenant: id }, 'tenant.registered')
        }
      } finally {
        await stores.close()
      }
    })
}
