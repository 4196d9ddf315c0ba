-- One row a probe of a queue that an annotator can judge now, in order, from after a position on: not yet judged or
-- skipped by himself, and not by as many others as were asked, those counted who hold it on their screens just now.
select i.position, i.probe_id, i.doc_key, i.stratum, i.inclusion
from label_queue_item i join label_queue q on q.queue_id = i.queue_id
where i.queue_id = :queue_id and i.position > :after
    and not exists (
        select 1 from label_newest e
        where e.build = q.build and e.probe_id = i.probe_id and e.voice = :annotator
            and (e.verdict is not null or e.skipped = 1)
    )
    and q.per_probe > (
        select count(*) from (
            select e.voice as annotator from label_newest e
            where e.build = q.build and e.probe_id = i.probe_id and e.voice not in ('', :annotator)
                and e.verdict is not null
            union
            select l.annotator from label_lease l
            where l.queue_id = i.queue_id and l.probe_id = i.probe_id and l.annotator <> :annotator
                and l.expires_at > :now
        ) others
    )
order by i.position
limit :count
