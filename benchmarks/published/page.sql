-- One row a probe of one page of a list by score, $before probes into it, asked of the published files.
select doc_id, slot_idx, scope, target, typicality, bb_answer_score_max, bb_answer_score_mean,
    left(verbalizer_prompt, 200) as question
from published
where (len($scopes) = 0 or list_contains($scopes, scope))
  and (len($targets) = 0 or list_contains($targets, target))
  and (len($typicalities) = 0 or list_contains($typicalities, typicality))
  and ($score_from is null or round(bb_answer_score_max * 100) >= $score_from)
  and ($score_to is null or round(bb_answer_score_max * 100) <= $score_to)
order by bb_answer_score_max, doc_id, slot_idx
limit $count offset $before;
