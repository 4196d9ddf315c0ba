-- One row: the key of a probe, how many probes of the list stand before it, and whether it is one of them (`listed`).
-- No row where the build has no such probe.
with here as (
    select key, place, doc_key
    from ordered($anything, $sort, $descending)
    where probe_id = $probe_id
)
select here.key, here.place, here.doc_key, counted.before, counted.listed
from here, (
    select
        count(*) filter (case when $descending
            then l.key > here.key or (l.key = here.key and l.place > here.place)
            else l.key < here.key or (l.key = here.key and l.place < here.place)
        end) as before,
        coalesce(bool_or(l.place = here.place), false) as listed
    from ordered($where, $sort, $descending) l, here
) counted;
