-- The tables of mod-marc-migrations as it leaves them, so that a tenant of that module is taken over as it is.
-- Everything is "if not exists": where the module has run before, nothing here changes anything.

do $$
begin
  if to_regtype('operationstatus') is null then
    create type operationstatus as enum (
      'NEW', 'DATA_MAPPING', 'DATA_MAPPING_COMPLETED', 'DATA_MAPPING_FAILED',
      'DATA_SAVING', 'DATA_SAVING_COMPLETED', 'DATA_SAVING_FAILED'
    );
  end if;
  if to_regtype('operationstep') is null then
    create type operationstep as enum ('DATA_MAPPING', 'DATA_SAVING');
  end if;
  if to_regtype('stepstatus') is null then
    create type stepstatus as enum ('IN_PROGRESS', 'COMPLETED', 'FAILED');
  end if;
  if to_regtype('error_report_status') is null then
    create type error_report_status as enum ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'ERROR');
  end if;
end
$$;

-- Times without a zone are UTC.
create table if not exists operation (
  id uuid primary key,
  user_id uuid not null,
  entity_type varchar(20) not null,
  operation_type varchar(20) not null,
  status operationstatus not null,
  total_num_of_records int not null,
  mapped_num_of_records int not null,
  saved_num_of_records int not null,
  start_time_mapping timestamp,
  end_time_mapping timestamp,
  start_time_saving timestamp,
  end_time_saving timestamp
);

create table if not exists operation_chunk (
  id uuid primary key,
  operation_id uuid not null references operation on delete cascade,
  start_record_id uuid,
  end_record_id uuid,
  source_chunk_file_name text,
  marc_chunk_file_name text,
  entity_chunk_file_name text,
  status operationstatus not null,
  num_of_records int not null
);

create table if not exists operation_chunk_step (
  id uuid primary key,
  operation_id uuid not null references operation on delete cascade,
  operation_chunk_id uuid not null references operation_chunk,
  operation_step operationstep not null,
  entity_error_chunk_file_name text,
  error_chunk_file_name text,
  status stepstatus not null,
  step_start_time timestamp,
  step_end_time timestamp,
  num_of_errors int not null default 0
);

create table if not exists operation_error_report (
  id uuid primary key,
  operation_id uuid not null references operation on delete cascade,
  status error_report_status not null,
  started_at timestamp,
  finished_at timestamp
);

create table if not exists operation_error (
  id uuid primary key,
  report_id uuid not null references operation_error_report on delete cascade,
  operation_chunk_id uuid,
  operation_step operationstep,
  chunk_status stepstatus,
  record_id varchar(255),
  error_message text
);
