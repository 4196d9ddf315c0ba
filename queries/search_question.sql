-- One row a probe whose question matches, added to the row set $search.
insert into hits
select $search, probe_id
from facets
where ($text::varchar is null or contains(lower(question), lower($text::varchar)))
  and ($regex::varchar is null or regexp_matches(question, $regex::varchar, 'is'));
