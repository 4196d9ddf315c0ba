-- What a reader sees of a list whose filter has just changed, in one question: in every row
-- how many probes the list has, in how many documents, in a build of how many, how many stand before the key and whether
-- the probe at `place` is one of them; and one row a probe `near` the key ("onward" from it, at most a page; "back"
-- before it, less than a page) and "first" of the list, each in the order of the list. One row of nulls where it is empty.
with list as materialized (
    select place, doc_no, case when $descending then -key else key end as rank
    from ordered($where, $sort, $descending)
),
here as (
    select
        case when $descending then -$key::double else $key::double end as rank,
        case when $descending then -$place::int else $place::int end as tie
),
counts as materialized (
    select
        count(*) as probes, count(distinct doc_no) as documents, (select count(*) from facets) as total,
        count(*) filter (
            list.rank < here.rank
            or (list.rank = here.rank and case when $descending then -place else place end < here.tie)
        ) as before,
        coalesce(bool_or(list.place = $place::int), false) as listed
    from list, here
),
near as (
    (select 'onward' as near, place, list.rank, case when $descending then -place else place end as tie
    from list, here, counts
    where listed and list.rank >= here.rank
        and (list.rank > here.rank or case when $descending then -place else place end >= here.tie)
    order by list.rank, tie limit $count)
    union all
    (select 'back' as near, place, list.rank, case when $descending then -place else place end as tie
    from list, here, counts
    where listed and list.rank <= here.rank
        and (list.rank < here.rank or case when $descending then -place else place end < here.tie)
    order by list.rank desc, tie desc limit $count - 1)
    union all
    (select 'first' as near, place, rank, case when $descending then -place else place end as tie
    from list, counts where not listed
    order by rank, tie limit $count)
)
select probes, documents, total, before, listed, near, probe_id, doc_key, doc_id, slot, scope, target, typicality,
    label_of(score, $where) as label, score, mean, spread, distance, left(question, 200) as question,
    case when $descending then -rank else rank end as key, place
from counts left join (facets join near using (place)) on true
order by near, rank, tie;
