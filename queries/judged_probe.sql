-- One row: a probe with everything known of it and its automatic label, found by its id and document.
select
    probes.*, facets.score, facets.mean, facets.spread, facets.host, facets.doc_id,
    label_of(facets.score, $where) as automatic
from probes, facets
where probes.doc_key = $doc_key and probes.probe_id = $probe_id
  and facets.doc_no = hash($doc_key) and facets.probe_id = $probe_id;
