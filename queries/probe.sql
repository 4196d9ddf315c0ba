-- One row: a probe with everything known of it.
select probes.*, facets.score, facets.mean, facets.spread, facets.host, facets.doc_id
from probes join facets using (probe_id)
where probes.doc_key = $doc_key and probes.probe_id = $probe_id;
