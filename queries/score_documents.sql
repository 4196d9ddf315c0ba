-- One row a part of the chosen probes, and one for all of them (`whole`): the sums over documents that the clustered
-- interval of queries/statistics.py needs. `due` probes ought to have a score: a scope of $due_scopes, or one all the same.
-- Grouped by document and part first, and that by document alone for the whole. The sums are doubles, which hold every
-- whole number up to 2^53: with the 128-bit integers that sums of integers are, 590,741 rows took 51 ms instead of 42.
with by_part as materialized (
    select
        case $facet
            when 'scope' then coalesce(scope, '')
            when 'target' then coalesce(target, '')
            when 'typicality' then coalesce(typicality, '')
            when 'round' then coalesce(round::varchar, '')
            when 'level' then coalesce(level::varchar, '')
            else ''
        end as part,
        doc_no,
        count(*)::double as probes,
        count(score)::double as scored,
        count(*) filter (score is not null or list_contains($due_scopes, scope))::double as due,
        count(*) filter (label = 'HARD')::double as hard,
        count(*) filter (label = 'MIDDLE')::double as middle,
        count(*) filter (label = 'EASY')::double as easy,
        coalesce(sum(score), 0)::double as total,
        coalesce(sum(score::int * score), 0)::double as squares
    from chosen($where)
    group by all
),
by_document as (
    select false as whole, * from by_part
    union all
    select true, '', doc_no, sum(probes), sum(scored), sum(due), sum(hard), sum(middle), sum(easy), sum(total), sum(squares)
    from by_part
    group by doc_no
)
select
    whole, part,
    sum(probes)::bigint as probes,
    count(*) as documents,
    sum(scored)::bigint as scored,
    sum(due)::bigint as due,
    count(*) filter (scored > 0) as scored_documents,
    count(*) filter (due > 0) as due_documents,
    sum(scored * scored)::bigint as scored_squared,
    sum(due * due)::bigint as due_squared,
    sum(hard)::bigint as hard,
    sum(hard * hard)::bigint as hard_squared,
    sum(hard * scored)::bigint as hard_cross,
    sum(middle)::bigint as middle,
    sum(middle * middle)::bigint as middle_squared,
    sum(middle * scored)::bigint as middle_cross,
    sum(easy)::bigint as easy,
    sum(easy * easy)::bigint as easy_squared,
    sum(easy * scored)::bigint as easy_cross,
    sum(due - scored)::bigint as unscored,
    sum((due - scored) * (due - scored))::bigint as unscored_squared,
    sum((due - scored) * due)::bigint as unscored_cross,
    sum(total)::bigint as total,
    sum(total * total)::bigint as total_squared,
    sum(total * scored)::bigint as total_cross,
    sum(squares)::bigint as squares
from by_document
group by whole, part
order by whole, part;
