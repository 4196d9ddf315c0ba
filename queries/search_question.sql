-- One row a probe whose question matches, added to the row set $row_set.
insert into row_sets
select $row_set, place
from facets
where ($text::varchar is null or contains(lower(question), lower($text::varchar)))
  and ($regex::varchar is null or regexp_matches(question, $regex::varchar, 'is'))
except
select $row_set, place from row_sets where row_set = $row_set;
