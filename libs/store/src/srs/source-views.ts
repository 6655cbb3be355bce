import { tenantSchema } from '@marc-migrations/domain'
import type { EntityType } from '@marc-migrations/domain'
import { quoteIdentifier } from '../database/per-schema.ts'

/** The view a chunk's records are read from, and the column of the linked entity's id. */
export const entityViews: Readonly<Record<EntityType, { readonly view: string; readonly entityId: string }>> = {
  authority: { view: 'marc_authority_view', entityId: 'authority_id' },
  instance: { view: 'marc_bib_view', entityId: 'instance_id' }
}

/**
 * The rows of a view without their records and without its order: PostgreSQL takes no LIMIT into a subquery that is ordered,
 * so a page of ids read from the view itself would sort all of them each time.
 */
export const linkedRecords: Readonly<Record<EntityType, (schema: string) => string>> = {
  authority: (s) => `
      ${s}.records_lb_view r join ${s}.authority_view e on e.id = r.external_id
      where r.state = 'ACTUAL' and r.record_type = 'MARC_AUTHORITY'`,
  instance: (s) => `
      ${s}.records_lb_view r join ${s}.instance_view e on e.id = r.external_id
      where r.state = 'ACTUAL' and r.record_type = 'MARC_BIB'`
}

/** FOLIO's modules whose tables the views read, by the ending of their schemas. */
export const sourceModules = ['mod_source_record_storage', 'mod_entities_links', 'mod_inventory_storage'] as const
type SourceModule = (typeof sourceModules)[number]

/** The tenant's schema of another module, unquoted. */
export function moduleSchema(tenant: string, module: SourceModule): string {
  return tenantSchema(tenant).replace(/mod_marc_migrations$/, module)
}

/**
 * The six views of a tenant's schema, in the order they depend on each other, as mod-marc-migrations defines them.
 *
 * @see mod-marc-migrations v3, changelog of views: records without a linked entity are skipped, soft-deleted authorities kept
 */
export function viewStatements(tenant: string): readonly string[] {
  const own = quoteIdentifier(tenantSchema(tenant))
  const [records, entities, inventory] = sourceModules.map((module) => quoteIdentifier(moduleSchema(tenant, module)))
  return [
    `create or replace view ${own}.records_lb_view as select * from ${records}.records_lb`,
    `create or replace view ${own}.marc_records_lb_view as select * from ${records}.marc_records_lb`,
    `create or replace view ${own}.authority_view as select * from ${entities}.authority`,
    `create or replace view ${own}.instance_view as select * from ${inventory}.instance where jsonb ->> 'source' = 'MARC'`,
    `create or replace view ${own}.marc_authority_view as
       select r.id as marc_id, r.external_id as authority_id, m.content as marc, r.state, a._version as version
         from ${own}.records_lb_view r
         left join ${own}.marc_records_lb_view m on m.id = r.id
         join ${own}.authority_view a on a.id = r.external_id
        where r.state = 'ACTUAL' and r.record_type = 'MARC_AUTHORITY'
        order by r.id`,
    `create or replace view ${own}.marc_bib_view as
       select r.id as marc_id, r.external_id as instance_id, m.content as marc, r.state,
              (i.jsonb ->> '_version')::int as version
         from ${own}.records_lb_view r
         left join ${own}.marc_records_lb_view m on m.id = r.id
         join ${own}.instance_view i on i.id = r.external_id
        where r.state = 'ACTUAL' and r.record_type = 'MARC_BIB'
        order by r.id`
  ]
}
