/**
 * A tenant's schema as mod-marc-migrations leaves it: its tables, types and trigger, those of Spring Batch, and the change log
 * of Liquibase.
 */
export function javaSchema(tenant: string): string {
  return `
    create schema ${tenant}_mod_marc_migrations; set search_path to ${tenant}_mod_marc_migrations;
    create type operationstatus as enum ('NEW', 'DATA_MAPPING', 'DATA_MAPPING_COMPLETED', 'DATA_MAPPING_FAILED',
      'DATA_SAVING', 'DATA_SAVING_COMPLETED', 'DATA_SAVING_FAILED');
    create type operationstep as enum ('DATA_MAPPING', 'DATA_SAVING');
    create type stepstatus as enum ('IN_PROGRESS', 'COMPLETED', 'FAILED');
    create type error_report_status as enum ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'ERROR');
    create table operation (
      id uuid not null constraint pk_operation primary key, user_id uuid not null, entity_type varchar(20) not null,
      operation_type varchar(20) not null, status operationstatus not null, total_num_of_records int not null,
      mapped_num_of_records int not null, saved_num_of_records int not null, start_time_mapping timestamp,
      end_time_mapping timestamp, start_time_saving timestamp, end_time_saving timestamp);
    create table operation_chunk (
      id uuid not null constraint pk_operation_chunk primary key,
      operation_id uuid not null constraint fk_chunk_operation references operation on delete cascade,
      start_record_id uuid not null, end_record_id uuid not null, source_chunk_file_name text, marc_chunk_file_name text,
      entity_chunk_file_name text, status operationstatus not null, num_of_records int not null);
    create table operation_chunk_step (
      id uuid not null constraint pk_operation_chunk_step primary key,
      operation_id uuid not null constraint fk_step_operation references operation on delete cascade,
      operation_chunk_id uuid not null constraint fk_step_chunk references operation_chunk,
      operation_step operationstep not null, entity_error_chunk_file_name text, error_chunk_file_name text,
      status stepstatus not null, step_start_time timestamp, step_end_time timestamp, num_of_errors int not null default 0);
    create table operation_error_report (
      id uuid not null constraint pk_operation_error_report primary key,
      operation_id uuid not null constraint fk_report_operation references operation on delete cascade,
      status error_report_status not null, started_at timestamp, finished_at timestamp);
    create table operation_error (
      id uuid not null constraint pk_operation_error primary key,
      report_id uuid not null constraint fk_error_report references operation_error_report on delete cascade,
      operation_chunk_id uuid, operation_step operationstep, chunk_status stepstatus, record_id varchar(255),
      error_message text);
    create function set_error_report_dates() returns trigger language plpgsql as $$
    begin
      if new.status = 'IN_PROGRESS' then new.started_at = now(); end if;
      if new.status = 'COMPLETED' then new.finished_at = now(); end if;
      return new;
    end $$;
    create trigger operation_error_report_dates before update on operation_error_report
      for each row execute procedure set_error_report_dates();
    create table batch_job_instance (job_instance_id bigint not null primary key, version bigint,
      job_name varchar(100) not null, job_key varchar(32) not null, unique (job_name, job_key));
    create table batch_job_execution (job_execution_id bigint not null primary key, version bigint,
      job_instance_id bigint not null references batch_job_instance, create_time timestamp not null, start_time timestamp,
      end_time timestamp, status varchar(10), exit_code varchar(2500), exit_message varchar(2500), last_updated timestamp);
    create table batch_job_execution_params (job_execution_id bigint not null references batch_job_execution,
      parameter_name varchar(100) not null, parameter_type varchar(100) not null, parameter_value varchar(2500),
      identifying char(1) not null);
    create table batch_job_execution_context (job_execution_id bigint not null primary key references batch_job_execution,
      short_context varchar(2500) not null, serialized_context text);
    create table batch_step_execution (step_execution_id bigint not null primary key, version bigint not null,
      step_name varchar(100) not null, job_execution_id bigint not null references batch_job_execution,
      create_time timestamp not null, start_time timestamp, end_time timestamp, status varchar(10), commit_count bigint,
      read_count bigint, filter_count bigint, write_count bigint, read_skip_count bigint, write_skip_count bigint,
      process_skip_count bigint, rollback_count bigint, exit_code varchar(2500), exit_message varchar(2500),
      last_updated timestamp);
    create table batch_step_execution_context (
      step_execution_id bigint not null primary key references batch_step_execution,
      short_context varchar(2500) not null, serialized_context text);
    create sequence batch_step_execution_seq; create sequence batch_job_execution_seq; create sequence batch_job_instance_seq;
    create table databasechangelog (id varchar(255) not null, author varchar(255) not null, filename varchar(255) not null,
      dateexecuted timestamp not null, orderexecuted int not null, exectype varchar(10) not null, md5sum varchar(35));
    create table databasechangeloglock (id int not null primary key, locked boolean not null, lockgranted timestamp,
      lockedby varchar(255));
    insert into databasechangelog values ('MODMARCMIG-1', 'folio', 'v1.0/create-tables.xml', now(), 1, 'EXECUTED', '9:x');
    insert into databasechangeloglock values (1, false, null, null);
    reset search_path`
}

/** A run of Spring Batch for an operation, with everything it leaves. */
export function javaJob(
  tenant: string,
  job: {
    readonly number: number
    readonly name: string
    readonly updated: string
    readonly params: Readonly<Record<string, string>>
  }
): string {
  const { number, name, updated } = job
  const params = Object.entries(job.params).map(
    ([key, value]) =>
      `insert into batch_job_execution_params values (${number}, '${key}', 'java.lang.String', '${value}', 'Y');`
  )
  return `
    set search_path to ${tenant}_mod_marc_migrations;
    insert into batch_job_instance values (${number}, 0, '${name}', 'key ${number}');
    insert into batch_job_execution values (${number}, 2, ${number}, '${updated}', '${updated}', '${updated}', 'COMPLETED',
      'COMPLETED', '', '${updated}');
    ${params.join('\n    ')}
    insert into batch_job_execution_context values (${number}, '{}', null);
    insert into batch_step_execution values (${number}, 1, 'step', ${number}, '${updated}', '${updated}', '${updated}',
      'COMPLETED', 1, 1, 0, 1, 0, 0, 0, 0, 'COMPLETED', '', '${updated}');
    insert into batch_step_execution_context values (${number}, '{}', null);
    reset search_path`
}
