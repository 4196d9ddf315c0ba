-- One row: how many probes and documents a filter means, asked of the published files.
select count(*) as probes, count(distinct doc_id) as documents
from published
where (len($scopes) = 0 or list_contains($scopes, scope))
  and (len($targets) = 0 or list_contains($targets, target))
  and (len($typicalities) = 0 or list_contains($typicalities, typicality))
  and ($score_from is null or round(bb_answer_score_max * 100) >= $score_from)
  and ($score_to is null or round(bb_answer_score_max * 100) <= $score_to);
