-- What the chunk protocol adds. Every column has a default, so that the module replaced still starts on these tables.

alter table operation
  add column if not exists control text not null default 'run' check (control in ('run', 'pause', 'cancel')),
  add column if not exists stop_reason text,
  add column if not exists rejected_num_of_records int not null default 0,
  add column if not exists drift_num_of_records int not null default 0,
  add column if not exists chunking_sealed boolean not null default false,
  add column if not exists rules_hash text,
  add column if not exists created_at timestamptz not null default now(),
  add column if not exists source_name text,
  add column if not exists source_format text,
  add column if not exists source_object_key text,
  add column if not exists source_etag text,
  add column if not exists source_length bigint;
-- Counts update this one row at a high rate.
alter table operation set (fillfactor = 50);

alter table operation_chunk
  add column if not exists position bigint not null default 0,
  -- The stage the chunk is enlisted for; `status` says how far it got.
  add column if not exists stage operationstatus not null default 'DATA_MAPPING',
  -- Status before the claim, restored when the claim is given back.
  add column if not exists prior operationstatus,
  -- Open: enlisted in the running stage. Due: open, not published, and the time has come.
  add column if not exists next_attempt_at timestamptz,
  add column if not exists published_at timestamptz,
  add column if not exists publish_steps int not null default 0,
  add column if not exists lease_owner text,
  add column if not exists lease_until timestamptz,
  add column if not exists epoch int not null default 0,
  add column if not exists attempts int not null default 0,
  add column if not exists step_id uuid,
  add column if not exists rules_hash text,
  -- What this chunk adds to the counters of its operation.
  add column if not exists mapped_share int not null default 0,
  add column if not exists rejected_share int not null default 0,
  add column if not exists saved_share int not null default 0,
  -- Epochs of the attempts whose counts stand.
  add column if not exists file_epoch int,
  add column if not exists saved_epoch int,
  add column if not exists entity_length bigint,
  add column if not exists entity_sha256 text,
  add column if not exists source_offset bigint,
  add column if not exists source_length bigint,
  add column if not exists first_record_index bigint;
-- No index names a lease column, in its keys or in its condition: claims and renewals stay HOT.
alter table operation_chunk set (fillfactor = 60);

create index if not exists operation_chunk_by_position on operation_chunk (operation_id, position);
create index if not exists operation_chunk_open on operation_chunk (operation_id) where next_attempt_at is not null;
create index if not exists operation_chunk_due on operation_chunk (operation_id, next_attempt_at)
  where next_attempt_at is not null and published_at is null;
create index if not exists operation_chunk_published on operation_chunk (operation_id)
  where next_attempt_at is not null and published_at is not null;
create index if not exists operation_chunk_step_by_chunk on operation_chunk_step (operation_chunk_id);
create index if not exists operation_chunk_step_by_operation on operation_chunk_step (operation_id);
create index if not exists operation_error_by_report on operation_error (report_id);

create table if not exists split_range (
  id uuid primary key default gen_random_uuid(),
  operation_id uuid not null references operation on delete cascade,
  from_key text,
  to_key text,
  cursor text,
  -- Positions of this range's chunks: the next one, and where the next range's begin.
  next_position bigint not null,
  end_position bigint not null,
  epoch int not null default 0,
  lease_owner text,
  lease_until timestamptz,
  done boolean not null default false
);
create index if not exists split_range_by_operation on split_range (operation_id);

-- Rules and reference data, frozen under the hash of both texts.
create table if not exists rules_snapshot (
  hash text primary key,
  rules text not null,
  params text not null,
  created_at timestamptz not null default now()
);

create table if not exists source_file (
  name text primary key,
  object_key text not null,
  etag text not null,
  length_bytes bigint not null,
  format text not null,
  uploaded_at timestamptz not null default now()
);

create table if not exists idempotency_key (
  key text primary key,
  operation_id uuid not null references operation on delete cascade,
  created_at timestamptz not null default now()
);
