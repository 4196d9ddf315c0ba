-- One row a document that stands in more than one round.
select doc_id, list(distinct round order by round) as rounds
from (select doc_id, round from docs union all select doc_id, round from drawn)
where doc_id is not null
group by doc_id
having count(distinct round) > 1;
