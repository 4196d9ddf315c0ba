-- One row: the newest event of a voice on a probe.
select * from label_event
where build = :build and probe_id = :probe_id and voice = :voice
order by revision desc
limit 1
