import type { TestDatabase } from './postgres.ts'

type Query = Pick<TestDatabase, 'query'>

/**
 * Tables of FOLIO's storage modules, as far as the views read them.
 *
 * @see mod-source-record-storage (records_lb, marc_records_lb), mod-entities-links (authority), mod-inventory-storage (instance)
 */
export async function createSourceTables({ query }: Query, tenant: string): Promise<void> {
  await query(`
    create schema ${tenant}_mod_source_record_storage;
    create table ${tenant}_mod_source_record_storage.records_lb (
      id uuid primary key, external_id uuid, state text not null, record_type text not null
    );
    create index on ${tenant}_mod_source_record_storage.records_lb (external_id);
    create table ${tenant}_mod_source_record_storage.marc_records_lb (id uuid primary key, content jsonb);
    create schema ${tenant}_mod_entities_links;
    create table ${tenant}_mod_entities_links.authority (id uuid primary key, _version int not null default 0, deleted boolean default false);
    create schema ${tenant}_mod_inventory_storage;
    create table ${tenant}_mod_inventory_storage.instance (id uuid primary key, jsonb jsonb not null);`)
}

/** A data field as SQL: `field({ a: "'x' || i" })`. */
function field(subfields: Readonly<Record<string, string>>): string {
  const each = Object.entries(subfields).map(([code, sql]) => `jsonb_build_object('${code}', ${sql})`)
  return `jsonb_build_object('ind1', '1', 'ind2', ' ', 'subfields', jsonb_build_array(${each.join(', ')}))`
}

const AUTHORITY = `jsonb_build_object(
  'leader', '00000nz  a2200000n  4500',
  'fields', jsonb_build_array(
    jsonb_build_object('001', 'n' || i),
    jsonb_build_object('008', '940103n| azannaabn          |a aaa      '),
    jsonb_build_object('010', ${field({ a: "'n  ' || i" })}),
    jsonb_build_object('100', ${field({ a: "'Dvořák ' || i || ', Antonín,'", d: "'1841-1904'" })}),
    jsonb_build_object('400', ${field({ a: "'Дворжак ' || i" })}),
    jsonb_build_object('550', ${field({ a: "'Composers ' || (i % 97)" })}),
    jsonb_build_object('667', ${field({ a: "'Note number ' || i || repeat(' with more to say', i % 9)" })})
  ))`

const BIB = `jsonb_build_object(
  'leader', '00000nam a2200000 i 4500',
  'fields', jsonb_build_array(
    jsonb_build_object('001', 'in' || i),
    jsonb_build_object('008', '850301s' || (1900 + i % 120) || '    xr            000 0 cze  '),
    jsonb_build_object('010', ${field({ a: "'   ' || (85000000 + i)" })}),
    jsonb_build_object('020', ${field({ a: "'80' || lpad((i % 100000000)::text, 8, '0')" })}),
    jsonb_build_object('100', ${field({ a: "'Dvořák ' || i || ', Antonín,'", d: "'1841-1904'", e: "'composer.'" })}),
    jsonb_build_object('245', ${field({ a: "'Symphony number ' || i || ' :'", b: "'in E minor /'", c: "'Антонин Дворжак.'" })}),
    jsonb_build_object('300', ${field({ a: "(i % 400 + 1) || ' pages'" })}),
    jsonb_build_object('500', ${field({ a: "'Note number ' || i || repeat(' with more to say', i % 9)" })}),
    jsonb_build_object('650', ${field({ a: "'Symphonies'", v: "'Scores ' || (i % 97)" })}),
    jsonb_build_object('785', ${field({ t: "'Symphony number ' || (i + 1)" })})
  ))`

/**
 * Makes linked authorities with a heading, tracings and a note each; the same number gives the same record every time.
 *
 * @param from number of the first record, so that a second call adds to the first
 */
export async function fillAuthorities({ query }: Query, tenant: string, count: number, from = 0): Promise<void> {
  const srs = `${tenant}_mod_source_record_storage`
  const made = `select i, md5('record' || i)::uuid as id, md5('authority' || i)::uuid as external_id
                  from generate_series(${from}, ${from + count - 1}) i`
  await query(`
    insert into ${srs}.records_lb select id, external_id, 'ACTUAL', 'MARC_AUTHORITY' from (${made}) made;
    insert into ${tenant}_mod_entities_links.authority (id, _version) select external_id, i % 3 from (${made}) made;
    insert into ${srs}.marc_records_lb select id, ${AUTHORITY} from (${made}) made;
    analyze ${srs}.records_lb; analyze ${srs}.marc_records_lb; analyze ${tenant}_mod_entities_links.authority;`)
}

/**
 * Makes linked bibliographic records with a title, a creator, a subject and a successor each, as `fillAuthorities` does; their
 * instances are of versions 1 to 3.
 */
export async function fillInstances({ query }: Query, tenant: string, count: number, from = 0): Promise<void> {
  const srs = `${tenant}_mod_source_record_storage`
  const made = `select i, md5('bib' || i)::uuid as id, md5('instance' || i)::uuid as external_id
                  from generate_series(${from}, ${from + count - 1}) i`
  await query(`
    insert into ${srs}.records_lb select id, external_id, 'ACTUAL', 'MARC_BIB' from (${made}) made;
    insert into ${tenant}_mod_inventory_storage.instance (id, jsonb)
      select external_id, jsonb_build_object('id', external_id, '_version', 1 + i % 3, 'source', 'MARC', 'title', 'before')
        from (${made}) made;
    insert into ${srs}.marc_records_lb select id, ${BIB} from (${made}) made;
    analyze ${srs}.records_lb; analyze ${srs}.marc_records_lb; analyze ${tenant}_mod_inventory_storage.instance;`)
}

/** Ids of all linked authority records, in the order PostgreSQL gives UUIDs. */
export async function sourceIds({ query }: Query, tenant: string): Promise<readonly string[]> {
  const rows = await query<{ id: string }>(
    `select id::text from ${tenant}_mod_source_record_storage.records_lb where record_type = 'MARC_AUTHORITY' order by id`
  )
  return rows.map(({ id }) => id)
}
