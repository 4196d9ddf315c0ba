-- One row a reason for which blind answers are null or without a score: how many.
select reason, count(*) as answers
from (select unnest(reasons) as reason from probes)
where reason is not null
group by reason
order by answers desc, reason;
