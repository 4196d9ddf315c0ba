-- One row: for each flag how many probes carry it; null where it was not computed.
select sum(columns('^flag_(.*)$')::int)::bigint as '\1' from facets_parts;
