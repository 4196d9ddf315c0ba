-- One row a probe whose atom matches, added to the row set $row_set.
insert into row_sets
select $row_set, place
from facets join (
    select probe_id
    from probes
    where ($text::varchar is null or contains(lower(atom), lower($text::varchar)))
      and ($regex::varchar is null or regexp_matches(atom, $regex::varchar, 'is'))
) using (probe_id)
except
select $row_set, place from row_sets where row_set = $row_set;
