-- One row an event on a probe, oldest first.
select * from label_event where build = :build and probe_id = :probe_id order by seq
