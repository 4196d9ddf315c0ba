-- One row a probe of an import, narrow, by document, level and slot; siblings share their doc_id.
select
    f.* exclude (source_file, source_row) replace (
        coalesce(repeats.new_id, f.probe_id) as probe_id,
        f.flag_slot_invalid or repeats.new_id is not null as flag_slot_invalid
    )
from shard_facets f left join repeats using (source_file, source_row)
order by doc_id, doc_key, level, slot, probe_id;
