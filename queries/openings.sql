-- One row a probe of $probes that the build has: its document, and the id of the opening that its siblings share.
select probe_id, doc_key, doc_id
from facets
where probe_id in (select unnest($probes::varchar[]));
