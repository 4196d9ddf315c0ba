-- One row a probe with a score outside 0-1, or whose mean, max or min is not that of its scores.
select probe_id, scores, score_mean, score_max, score_min
from probes
where len(list_filter(scores, lambda score: score < 0 or score > 1)) > 0
   or abs(coalesce(list_avg(scores), -1) - coalesce(score_mean, -1)) > 0.005
   or abs(coalesce(list_max(scores), -1) - coalesce(score_max, -1)) > 0.005
   or abs(coalesce(list_min(scores), -1) - coalesce(score_min, -1)) > 0.005
   or len(scores) is distinct from len(answers);
