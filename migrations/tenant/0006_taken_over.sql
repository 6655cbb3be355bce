-- The module replaced knows only chunks of stored records; a chunk of a file has no record ids. What it writes and reads is
-- valid as before.
alter table operation_chunk
  alter column start_record_id drop not null,
  alter column end_record_id drop not null;
