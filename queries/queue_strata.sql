-- One row a stratum of the probes that a queue can take: how many, how many scored, and the sums of their max scores in
-- hundredths and of the squares, which the estimates of queries/estimate.py need.
select
    stratum, count(*) as probes, count(score) as scored,
    coalesce(sum(score), 0)::bigint as total, coalesce(sum(score::bigint * score), 0)::bigint as squares
from queued($where, $ordering, $seed)
group by stratum
order by stratum;
