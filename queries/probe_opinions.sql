-- One row a voice that judged, skipped, flagged or wrote about a probe, the adjudicated decision first, and beside each
-- the human label that all of them add up to (null where nobody gave a verdict).
select
    voice, annotator, opinions.verdict, final_verdict, blind_verdict, answer, reasons, note, flagged, skipped, made_at,
    opinions.stale, human.verdict as human, human.source, human.hard, human.easy, human.unsure, human.stale as older
from opinions left join human using (probe_id)
where opinions.probe_id = $probe_id
  and (opinions.verdict is not null or flagged or skipped or note <> '' or answer <> '' or reasons <> '[]')
order by voice;
