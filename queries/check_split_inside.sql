-- One row a probe with a split outside its document, so that a side of it is empty.
select probe_id, split, length(text) as length
from probes join docs using (doc_key)
where split <= 0 or split >= length(text);
