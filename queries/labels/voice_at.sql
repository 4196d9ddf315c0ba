-- One row: the event of a voice on a probe with one revision.
select * from label_event
where build = :build and probe_id = :probe_id and voice = :voice and revision = :revision
