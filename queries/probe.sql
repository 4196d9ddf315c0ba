-- One row: a probe with everything known of it. `place` (queries/facets.sql) finds its narrow row without a join.
select probes.*, facets.score, facets.mean, facets.spread, facets.host, facets.doc_id
from probes, facets
where probes.doc_key = $doc_key and probes.probe_id = $probe_id
  and facets.place = $place::int and facets.probe_id = $probe_id;
