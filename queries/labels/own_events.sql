-- One row an event of an annotator in a build, newest first, from before a number on.
select seq, event_id, op, about, probe_id, voice, revision, holds
from label_event
where build = :build and annotator = :annotator and seq < :before
order by seq desc
limit :count
