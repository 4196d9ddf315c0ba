-- One row a probe whose document matches, added to the row set $search.
insert into hits
select $search, probe_id
from facets
where doc_key in (
    select doc_key
    from docs
    where ($text::varchar is null or contains(lower(text), lower($text::varchar)))
      and ($regex::varchar is null or regexp_matches(text, $regex::varchar, 'is'))
);
