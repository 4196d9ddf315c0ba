-- The chosen probes with the number that orders them; ties go by `place`, so that no two are equal.
-- Nulls come last in either direction. Ascending lists read list_up.sql, descending ones list_down.sql.
create macro ordered(w, sort, descending) as table
select
    *,
    coalesce(
        case sort
            when 'score' then score::double
            when 'mean' then mean::double
            when 'spread' then spread::double
            when 'distance' then distance::double
            when 'document' then 0
        end,
        case when descending then '-inf'::double else 'inf'::double end
    ) as key
from chosen(w);
