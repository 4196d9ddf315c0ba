-- One row a probe whose key stands more than once in an import, in the order that decides its ordinal.
select probe_id, content_hash, source_file, source_row
from shard_probes
where probe_id in (select probe_id from shard_probes group by probe_id having count(*) > 1)
order by probe_id, content_hash, source_file, source_row;
