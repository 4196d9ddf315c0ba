-- One row a row of a file in the published form, in its order: what its columns do not say; null for a reject.
select
    probe_id, content_hash, round, level, doc_id, slot, opening_end, located, atom_start, atom_end, occurrences,
    distance_chars, distance_words, distance_tokens, window_start, window_end,
    map_keys(evidence) as flags, map_values(evidence) as evidence,
    reading, prompt, siblings, recurs_in, recurrence, rollouts_due, reasons, stop_at, censored, ceiling, ceiling_reason
from range($rows) as stored(source_row)
left join (select * from probes where source_file = $file) using (source_row)
left join (select doc_key, doc_id, opening_end from docs) using (doc_key)
order by source_row;
