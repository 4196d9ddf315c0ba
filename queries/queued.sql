-- The chosen probes that a queue's ordering takes, with the number that ranks them (smallest first) and their stratum.
-- boundary: twice the distance in hundredths of the max score from the nearer threshold, which lies between two scores.
-- disagreement: probes whose automatic label HARD or EASY persons contradict, those with most contradictions first.
-- Equal ranks, and all of random and stratified, go by `chance`, a hash of the seed and the probe's id, so that the
-- order is the same on any machine and any index.
create macro queued(w, ordering, seed) as table
select *
from (
    select
        probe_id, doc_key, score, md5(concat(seed, ':', probe_id)) as chance,
        case ordering
            when 'boundary' then least(abs(2 * score + 1 - 2 * w['hard_below']), abs(2 * score + 1 - 2 * w['easy_from']))
            when 'spread' then -spread
            when 'flags' then -nullif(bit_count(flag_bits), 0)
            when 'disagreement' then -nullif(case label when 'HARD' then human.easy when 'EASY' then human.hard end, 0)
            else 0
        end as rank,
        case
            when ordering <> 'stratified' then ''
            when score is null then concat(coalesce(scope, 'no scope'), ' unscored')
            else concat(coalesce(scope, 'no scope'), ' ', least(score // 20, 4) * 20, '-', least(score // 20, 4) * 20 + 20)
        end as stratum
    from chosen(w) left join human using (probe_id)
)
where rank is not null;
