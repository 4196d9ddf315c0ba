-- One row a probe whose document matches, added to the row set $row_set.
insert into row_sets
select $row_set, place
from facets
where doc_key in (
    select doc_key
    from docs
    where ($text::varchar is null or contains(lower(text), lower($text::varchar)))
      and ($regex::varchar is null or regexp_matches(text, $regex::varchar, 'is'))
)
except
select $row_set, place from row_sets where row_set = $row_set;
