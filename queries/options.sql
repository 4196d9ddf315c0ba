-- One row a value that a filter can take in this build, with how many probes have it; flags by bit (queries/facets.sql).
select 'scope' as facet, coalesce(scope, '') as value, count(*) as probes from facets group by all
union all
select 'target', coalesce(target, ''), count(*) from facets group by all
union all
select 'typicality', coalesce(typicality, ''), count(*) from facets group by all
union all
select 'round', round::varchar, count(*) from facets where round is not null group by all
union all
select 'level', level::varchar, count(*) from facets where level is not null group by all
union all
select 'flag', bit::varchar, count(*) from facets, range(32) bits(bit) where (flag_bits >> bit) & 1 = 1 group by all
order by all;
