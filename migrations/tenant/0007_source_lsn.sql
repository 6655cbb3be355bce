-- How far a read replica must have come to be asked for this operation's records: the position in the log of the primary behind
-- everything the split, and a later retry, have seen. Null where no replica is read.
alter table operation
  add column if not exists source_lsn pg_lsn;
