-- One row a probe of a list, in descending order from the key onward, the probe at the key itself included.
with page as (
    select place, key, label
    from ordered($where, $sort, $descending)
    where key <= $key::double and (key < $key::double or place <= $place::int)
    order by key desc, place desc
    limit $count
)
select probe_id, doc_key, doc_id, slot, scope, target, typicality, label, score, mean, spread, distance,
    left(question, 200) as question, key, place
from facets join page using (place)
order by key desc, place desc;
