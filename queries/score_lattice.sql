-- One row a (part, max score in hundredths, automatic label) of the chosen probes, with how many there are.
-- `part` is the value of the facet $facet (queries/parts.py), '' where it is null; unscored probes have no score.
select
    case $facet
        when 'scope' then coalesce(scope, '')
        when 'target' then coalesce(target, '')
        when 'typicality' then coalesce(typicality, '')
        when 'round' then coalesce(round::varchar, '')
        else ''
    end as part,
    score, label, count(*) as probes
from chosen($where)
group by all
order by all;
