-- One row a judged probe of $probes: the adjudicated decision, else what annotators said in the queue $queue, else what
-- was said elsewhere; whether any of it was said in the queue, and whether the filter means the probe. An opinion belongs
-- to the queue in which it was last changed.
with said as (
    select
        probe_id, bool_or(queue_id is not distinct from $queue) as here,
        count(*) filter (verdict = 'HARD') - count(*) filter (verdict = 'EASY') as lead,
        count(*) filter (verdict = 'HARD' and queue_id = $queue)
            - count(*) filter (verdict = 'EASY' and queue_id = $queue) as lead_here
    from opinions
    where voice <> '' and verdict is not null and not stale and probe_id in (select unnest($probes::varchar[]))
    group by probe_id
)
select
    probe_id, doc_key, scope, score, label_of(score, $where) as automatic, here,
    coalesce(
        human.adjudicated,
        case sign(if(here, lead_here, lead)) when 1 then 'HARD' when -1 then 'EASY' else 'UNSURE' end
    ) as verdict,
    if(human.adjudicated is null, 'human', 'adjudicated') as source,
    probe_id in (select probe_id from chosen($where)) as meant
from facets join said using (probe_id) left join human using (probe_id)
order by place;
