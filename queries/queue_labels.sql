-- One row a probe judged in the queue $queue: what its annotators say of it there, or the adjudicated decision, and
-- whether the filter means it. An opinion belongs to the queue in which it was last changed; what was said elsewhere
-- stays out, because a hunt would bring in just those probes for which it hunted.
with said as (
    select probe_id, count(*) filter (verdict = 'HARD') as hard, count(*) filter (verdict = 'EASY') as easy
    from opinions
    where queue_id = $queue and voice <> '' and verdict is not null and not stale
    group by probe_id
)
select
    probe_id, doc_key, scope, score, label_of(score, $where) as automatic,
    case
        when human.adjudicated is not null then human.adjudicated
        when said.hard > said.easy then 'HARD'
        when said.easy > said.hard then 'EASY'
        else 'UNSURE'
    end as verdict,
    case when human.adjudicated is not null then 'adjudicated' else 'human' end as source,
    probe_id in (select probe_id from chosen($where)) as meant
from facets join said using (probe_id) left join human using (probe_id)
order by place;
