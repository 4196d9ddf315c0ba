-- One row a voice on a probe of a build whose opinion has changed since an event number: its opinion.
select
    probe_id, voice, annotator, content_hash, coalesce(verdict, blind_verdict) as verdict, verdict as final_verdict,
    blind_verdict, answer, reasons, note, flagged, skipped, queue_id, made_at, revision, seq
from label_newest
where build = :build and seq > :since
order by seq
