-- One row a (scope, target, round, level, automatic label) of a build: how many probes.
select scope, target, round, level, label, count(*) as probes
from chosen($where)
group by all
order by all;
