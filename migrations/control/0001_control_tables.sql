-- What no single tenant owns: the registry of tenants, the list of running stages, locks, credentials, nodes, settings.

create table cluster (
  one boolean primary key default true check (one),
  id uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now()
);
insert into cluster default values;

create table tenant (
  id text primary key,
  registered_at timestamptz not null default now()
);
-- Two spellings would share one schema.
create unique index tenant_one_spelling on tenant (lower(id));

-- The only list of running stages. The next_ columns are in no index, so that a visit is a HOT update.
create table armed_check (
  tenant text not null,
  operation_id uuid not null,
  stage text not null check (stage in ('DATA_MAPPING', 'DATA_SAVING')),
  armed_at timestamptz not null default now(),
  next_split_at timestamptz not null default now(),
  next_publish_at timestamptz not null default now(),
  next_check_at timestamptz not null default now(),
  next_sweep_at timestamptz not null default now(),
  next_report_at timestamptz,
  -- Share of the window: chunks published and not counted, due chunks, and room granted but not yet used.
  outstanding int not null default 0,
  due int not null default 0,
  reserved int not null default 0,
  -- When the oldest grant that is not used up was made.
  reserved_at timestamptz,
  -- Grows with every marking: who counted before one must not write its count after it.
  marks bigint not null default 0,
  primary key (tenant, operation_id)
) with (fillfactor = 50);

create table stage_secret (
  tenant text not null,
  operation_id uuid not null,
  key_id text not null,
  nonce bytea not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant, operation_id)
);

-- The right to save, one per tenant and entity type. A free lock keeps its row: `not_before` is when the last fenced saving
-- lease has run out, and no next owner starts earlier.
create table save_lock (
  tenant text not null,
  entity_type text not null,
  operation_id uuid,
  taken_at timestamptz,
  not_before timestamptz not null default now(),
  primary key (tenant, entity_type)
);

create table node (
  id text primary key,
  kind text not null check (kind in ('coordinator', 'worker', 'serve')),
  version text not null,
  host text not null,
  pid int not null,
  slots int not null,
  busy_slots int not null default 0,
  heartbeat_ms int not null,
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  -- Since when no heartbeat came late: only such a node can witness another's silence.
  steady_since timestamptz not null default now(),
  left_at timestamptz,
  crashed_at timestamptz
) with (fillfactor = 50);

create table settings (
  one boolean primary key default true check (one),
  version int not null default 1,
  paused boolean not null default false,
  log_level text,
  throttle_per_minute int check (throttle_per_minute > 0)
);
insert into settings default values;

-- Token bucket of the throttle.
create table throttle (
  one boolean primary key default true check (one),
  tokens double precision not null default 0,
  filled_at timestamptz not null default now()
);
insert into throttle default values;

-- Objects still to be deleted after the rows that named them are done with.
create table tombstone (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  operation_id uuid not null,
  keys text[] not null,
  due_at timestamptz not null,
  created_at timestamptz not null default now()
);
create index tombstone_due on tombstone (due_at);
