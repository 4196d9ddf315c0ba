-- One row a probe whose narrow row, which lists and counts read, says something else than its wide one.
select probe_id
from probes full join facets using (probe_id)
where probes.doc_key is distinct from facets.doc_key
   or probes.scope is distinct from facets.scope
   or probes.target is distinct from facets.target
   or probes.level is distinct from facets.level
   or probes.round is distinct from facets.round
   or floor(round(probes.score_max * 100, 6) + 0.5) is distinct from facets.score;
