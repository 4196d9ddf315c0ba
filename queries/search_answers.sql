-- One row a probe with an answer that matches (blind, target response or incorrect plausible), added to $search.
-- The answers are joined by a control character, so that no match spans two of them.
insert into hits
select $search, probe_id
from (
    select probe_id, concat_ws(chr(31), target_response, ipa, array_to_string(answers, chr(31))) as said
    from probes
)
where ($text::varchar is null or contains(lower(said), lower($text::varchar)))
  and ($regex::varchar is null or regexp_matches(said, $regex::varchar, 'i'));
