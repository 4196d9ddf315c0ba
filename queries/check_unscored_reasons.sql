-- One row a probe made here with a blind answer whose score is null for no reason that is told, or is told and not null.
select probe_id, scores, reasons
from probes
where reasons is not null
  and (
    len(scores) is distinct from len(reasons)
    or len(list_filter(list_zip(scores, reasons), lambda pair: (pair[1] is null) = (pair[2] is null))) > 0
  );
