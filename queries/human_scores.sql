-- One row a (max score in hundredths, human label) of the chosen probes that have both, with how many there are.
select score, human.verdict, count(*) as probes
from chosen($where) join human using (probe_id)
where score is not null
group by all
order by all;
