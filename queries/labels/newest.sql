-- One row a voice on a probe: its opinion.
select * from label_newest where build = :build and probe_id = :probe_id order by voice
