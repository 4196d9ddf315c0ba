-- One row: a queue.
select * from label_queue where queue_id = :queue_id
