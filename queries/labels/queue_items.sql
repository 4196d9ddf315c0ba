-- One row a probe of a queue, in its order, from after a position on.
select position, probe_id, doc_key, stratum, inclusion
from label_queue_item
where queue_id = :queue_id and position > :after
order by position
limit :count
