-- One row a (level, document) of the chosen probes that ought to have a score: what its probes hold at that level.
-- By doc_id, since a document may take another sibling at each level. `valid` probes carry none of the flags $faults,
-- `leaked` ones any of $leaks; `kept` are valid, HARD ones; `total` sums max scores in hundredths.
select
    level, doc_id,
    count(*) as probes,
    count(score) as scored,
    count(*) filter (label = 'HARD') as hard,
    count(*) filter (label = 'EASY') as easy,
    coalesce(sum(score), 0)::bigint as total,
    count(*) filter (flag_bits & $faults = 0) as valid,
    count(*) filter (flag_bits & $leaks <> 0) as leaked,
    count(*) filter (flag_bits & $faults = 0 and label = 'HARD') as kept
from chosen($where)
where list_contains($due_scopes, scope)
group by level, doc_id
order by level, doc_id;
