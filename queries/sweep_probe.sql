-- One row: the probe of a document and slot at one level of a sweep, with its sibling; none where it was rejected.
select probes.*, docs.doc_id, docs.doc_idx, docs.opening_end, docs.text, facets.score, facets.mean, facets.spread, facets.host
from probes join docs using (doc_key) join facets using (probe_id)
where docs.doc_id = $doc_id and probes.level = $level and probes.slot = $slot;
