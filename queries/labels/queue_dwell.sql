-- One row a newest verdict of an annotator in a queue: how long the probe had been on the screen, in milliseconds.
select dwell_ms
from label_event
where queue_id = :queue_id and annotator = :annotator and op = 'set' and verdict is not null and dwell_ms is not null
order by seq desc
limit :count
