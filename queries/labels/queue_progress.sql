-- One row an annotator with an opinion on a probe of the queue: how many probes are judged, and how many skipped.
select
    e.voice as annotator,
    sum(case when e.verdict is not null then 1 else 0 end) as judged,
    sum(case when e.verdict is null and e.skipped = 1 then 1 else 0 end) as skipped
from label_queue_item i
join label_queue q on q.queue_id = i.queue_id
join label_newest e on e.build = q.build and e.probe_id = i.probe_id
where i.queue_id = :queue_id and e.voice <> ''
group by e.voice
order by e.voice
