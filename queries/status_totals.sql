-- One row: what a build holds, and the shape of its max scores in the dataset card's five bins, the last one closed.
-- The standard deviation is the population's, as in queries/statistics.py: a build is all of its probes, no sample.
select
    (select count(*) from docs) as documents,
    count(*) as probes,
    count(score) as scored,
    avg(score) / 100 as mean,
    stddev_pop(score) / 100 as sd,
    [
        count(*) filter (score < 20),
        count(*) filter (score >= 20 and score < 40),
        count(*) filter (score >= 40 and score < 60),
        count(*) filter (score >= 60 and score < 80),
        count(*) filter (score >= 80)
    ] as histogram
from facets;
