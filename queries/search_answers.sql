-- One row a probe with an answer that matches (blind, target response or incorrect plausible), added to $row_set.
insert into row_sets
select $row_set, place
from facets join (
    select distinct probe_id
    from (
        select probe_id, unnest(list_concat([target_response, ipa], coalesce(answers, []))) as said
        from probes
    )
    where ($text::varchar is null or contains(lower(said), lower($text::varchar)))
      and ($regex::varchar is null or regexp_matches(said, $regex::varchar, 'is'))
) using (probe_id)
except
select $row_set, place from row_sets where row_set = $row_set;
