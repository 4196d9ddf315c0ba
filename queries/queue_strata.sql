-- One row a stratum of the probes that a queue can take: how many, how many scored, and the sum of their max scores in
-- hundredths, which the estimates of queries/estimate.py need.
select stratum, count(*) as probes, count(score) as scored, coalesce(sum(score), 0)::bigint as total
from queued($where, $ordering, $seed)
group by stratum
order by stratum;
