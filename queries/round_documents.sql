-- One row a round of a build: the ids of its documents.
select round, list(distinct doc_id order by doc_id) as doc_ids
from docs
group by round
order by round;
