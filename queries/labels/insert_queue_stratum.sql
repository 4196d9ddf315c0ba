-- Adds one row: a stratum of a queue, with how many probes it has and how many of them were drawn.
insert into label_queue_stratum (queue_id, stratum, probes, drawn, scored, total)
values (:queue_id, :stratum, :probes, :drawn, :scored, :total)
