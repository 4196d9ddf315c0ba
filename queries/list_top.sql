-- One row: the key of the first probe of a list; none where the list is empty.
select key, place, doc_key, probe_id
from ordered($where, $sort, $descending)
order by case when $descending then -key else key end, case when $descending then -place else place end
limit 1;
