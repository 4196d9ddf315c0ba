-- One row a (part, max score in hundredths, automatic label) of the chosen probes, with how many there are.
-- `part` is the value of the facet $facet (queries/parts.py), '' where it is null; unscored probes have no score.
-- The label follows from the score, so it is found of the groups: of every row it took half the time again.
with lattice as (
    select
        case $facet
            when 'scope' then coalesce(scope, '')
            when 'target' then coalesce(target, '')
            when 'typicality' then coalesce(typicality, '')
            when 'round' then coalesce(round::varchar, '')
            when 'level' then coalesce(level::varchar, '')
            else ''
        end as part,
        score, count(*) as probes
    from chosen($where)
    group by all
)
select part, score, label_of(score, $where) as label, probes
from lattice
order by all;
