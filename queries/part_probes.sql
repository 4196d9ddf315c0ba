-- One row a probe of an import, by document and slot; a probe that shares its key gets its own id and the evidence.
select
    shard_probes.* replace (
        coalesce(repeats.new_id, shard_probes.probe_id) as probe_id,
        case when repeats.new_id is null then evidence
            else map_concat(evidence, map {'slot_invalid': 'slot ' || coalesce(slot::varchar, 'null') || ' stands '
                || repeats.copies || ' times in its document'})
        end as evidence
    )
from shard_probes left join repeats using (source_file, source_row)
order by doc_key, slot, probe_id;
