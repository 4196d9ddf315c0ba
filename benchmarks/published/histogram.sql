-- One row a max score in hundredths, with how many of the chosen probes have it, asked of the published files.
select round(bb_answer_score_max * 100) as score, count(*) as probes
from published
where (len($scopes) = 0 or list_contains($scopes, scope))
  and (len($targets) = 0 or list_contains($targets, target))
  and (len($typicalities) = 0 or list_contains($typicalities, typicality))
  and ($score_from is null or round(bb_answer_score_max * 100) >= $score_from)
  and ($score_to is null or round(bb_answer_score_max * 100) <= $score_to)
group by all
order by all;
