-- One row: how many of the chosen probes annotators judge differently with nobody having decided, how many of these HARD
-- against EASY, and how many are decided.
select
    count(*) filter (human.adjudicated is null and (hard > 0)::int + (easy > 0)::int + (unsure > 0)::int > 1) as disputed,
    count(*) filter (human.adjudicated is null and hard > 0 and easy > 0) as split,
    count(human.adjudicated) as decided
from chosen($where) join human using (probe_id);
