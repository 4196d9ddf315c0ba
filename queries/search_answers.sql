-- One row a probe with an answer that matches (blind, target response or incorrect plausible), added to $search.
insert into hits
select distinct $search, probe_id
from (
    select probe_id, unnest(list_concat([target_response, ipa], coalesce(answers, []))) as said
    from probes
)
where ($text::varchar is null or contains(lower(said), lower($text::varchar)))
  and ($regex::varchar is null or regexp_matches(said, $regex::varchar, 'is'));
