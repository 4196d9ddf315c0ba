-- One row a judged probe of $probes: its human label.
select probe_id, verdict from human where probe_id in (select unnest($probes::varchar[]));
