-- One row a probe whose atom matches, added to the row set $search.
insert into hits
select $search, probe_id
from probes
where ($text::varchar is null or contains(lower(atom), lower($text::varchar)))
  and ($regex::varchar is null or regexp_matches(atom, $regex::varchar, 'is'));
