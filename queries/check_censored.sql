-- One row a probe that has fewer answers than were due though nothing stopped it, or has all and counts as stopped.
select probe_id, len(scores) as answers, rollouts_due, stop_at, score_max
from probes
where answers is not null and rollouts_due is not null
  and (len(answers) < rollouts_due) is distinct from (censored and coalesce(score_max >= stop_at, false));
