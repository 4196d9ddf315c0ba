-- Adds one row: a probe of a queue.
insert into label_queue_item (queue_id, position, probe_id, doc_key, stratum, inclusion)
values (:queue_id, :position, :probe_id, :doc_key, :stratum, :inclusion)
