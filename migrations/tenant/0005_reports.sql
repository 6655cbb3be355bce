-- Building of error reports: whoever builds one names the go he was given, and a later go fences it.

alter table operation_error_report
  add column if not exists build int not null default 0;

-- Pages of a report are read in the order of its row ids, which is that of the chunks and their lines.
create index if not exists operation_error_in_order on operation_error (report_id, id);
drop index if exists operation_error_by_report;
