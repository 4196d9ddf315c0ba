-- One row a probe whose published context is not the visible side of its document.
select probe_id, split, length(stored_context) as length
from probes
where stored_context is not null;
