-- One row a stratum of a queue.
select stratum, probes, drawn, scored, total
from label_queue_stratum
where queue_id = :queue_id
order by stratum
