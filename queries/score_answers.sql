-- One row a (scope, number of answers k): sums over documents for the share of HARD had each probe only k answers.
-- Of the chosen probes of $scopes that have all $answers scores. Each probe counts with every way to draw k of its
-- answers ($draws[k] ways); `hard` are the ways in which none reaches the HARD threshold ($misses[k][c + 1] of them
-- where c answers reach it), so that the share is unbiased and the sums stay whole numbers.
with reached as (
    select
        scope,
        listed.doc_key,
        len(list_filter(scores, lambda score: round(score * 100) >= $where['hard_below'])) as reached
    from chosen($where) listed join (select probe_id, scores from probes where len(scores) = $answers) using (probe_id)
    where listed.score is not null
      and list_contains($scopes, scope)
      and len(list_filter(scores, lambda score: score is null)) = 0
),
by_document as (
    select
        scope, doc_key, k, count(*) as probes,
        count(*) * $draws[k] as ways,
        sum($misses[k][reached + 1]) as hard
    from reached, range(1, $answers + 1) numbers(k)
    group by scope, doc_key, k
)
select
    scope, k,
    sum(probes)::bigint as probes,
    count(*) as ways_documents,
    sum(ways)::bigint as ways,
    sum(ways * ways)::bigint as ways_squared,
    sum(hard)::bigint as hard,
    sum(hard * hard)::bigint as hard_squared,
    sum(hard * ways)::bigint as hard_cross
from by_document
group by all
order by all;
