-- One row a voice on a chosen probe that it judged, skipped, flagged or wrote about.
select
    probe_id, doc_key, scope, score, label as automatic,
    opinions.* exclude (probe_id, seq, revision)
from chosen($where) join opinions using (probe_id)
where verdict is not null or flagged or skipped or note <> '' or answer <> '' or reasons <> '[]'
order by place, voice;
