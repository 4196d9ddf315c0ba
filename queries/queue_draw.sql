-- One row a probe of a queue, in its order: of each of $strata as many as $drawn says.
with allocated as (select unnest($strata::varchar[]) as stratum, unnest($drawn::bigint[]) as drawn)
select probe_id, doc_key, stratum
from queued($where, $ordering, $seed) join allocated using (stratum)
qualify row_number() over (partition by stratum order by rank, chance) <= drawn
order by rank, chance;
