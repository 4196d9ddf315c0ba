-- One row a probe whose blind readers saw more than 4,000 characters, or something of the hidden side.
select probe_id, target, split, window_start, window_end
from probes
where window_end - window_start > 4000
   or (target = 'suffix' and window_end > split)
   or (target = 'prefix' and window_start < split);
