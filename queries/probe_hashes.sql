-- One row a probe of $probes that the build has: what tells whether a label still applies.
select probe_id, content_hash from probes where probe_id in (select unnest($probes::varchar[]));
