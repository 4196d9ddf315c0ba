-- One row a probe that persons judged as a filter asks, of those that its search found, added to the row set $row_set.
insert into row_sets
select $row_set, place
from facets
where ($found::bigint is null or place in (select place from row_sets where row_set = $found::bigint))
  and (
    (len($where['verdicts']::varchar[]) = 0 and len($where['annotators']::varchar[]) = 0)
    or (probe_id in (select probe_id from told($where))) <> list_contains($where['verdicts']::varchar[], '')
  )
  and (
    len($where['votes']::varchar[]) = 0
    or probe_id in (
        select probe_id from opinions
        where not stale
        group by probe_id
        having sum(
            coalesce(list_contains($where['votes']::varchar[], voice || ':' || verdict), false)::int
            + coalesce(list_contains($where['votes']::varchar[], voice || ':blind ' || blind_verdict), false)::int
        ) = len($where['votes']::varchar[])
    )
  );
