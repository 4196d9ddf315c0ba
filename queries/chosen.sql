-- The probes that a filter means: every question about "these probes" starts `from chosen($where)`.
-- `w` is Filter.parameters() as a struct; its constants fold when a question is bound. '' stands for null.
create macro label_of(score, w) as case
    when score is null then 'UNSCORED'
    when score < w['hard_below'] then 'HARD'
    when score >= w['easy_from'] then 'EASY'
    else 'MIDDLE'
end;
create macro chosen(w) as table
select *, label_of(score, w) as label
from facets
where (len(w['scopes']::varchar[]) = 0 or list_contains(w['scopes']::varchar[], coalesce(scope, '')))
  and (len(w['targets']::varchar[]) = 0 or list_contains(w['targets']::varchar[], coalesce(target, '')))
  and (len(w['typicalities']::varchar[]) = 0 or list_contains(w['typicalities']::varchar[], coalesce(typicality, '')))
  and (len(w['labels']::varchar[]) = 0 or list_contains(w['labels']::varchar[], label_of(score, w)))
  and (w['score_from']::int is null or score >= w['score_from']::int)
  and (w['score_to']::int is null or score <= w['score_to']::int)
  and (len(w['rounds']::int[]) = 0 or list_contains(w['rounds']::int[], round))
  and (len(w['levels']::int[]) = 0 or list_contains(w['levels']::int[], level))
  and (w['doc_id']::varchar is null or doc_id = w['doc_id']::varchar)
  and (w['host']::varchar is null or host = w['host']::varchar)
  and (w['flag_bits']::int is null or (flag_bits & w['flag_bits']::int) <> 0 or (w['unflagged'] and flag_bits = 0))
  and (
    (len(w['verdicts']::varchar[]) = 0 and len(w['annotators']::varchar[]) = 0)
    or (probe_id in (select probe_id from told(w))) <> list_contains(w['verdicts']::varchar[], '')
  )
  and (
    len(w['votes']::varchar[]) = 0
    or probe_id in (
        select probe_id from opinions
        where not stale and len(w['votes']::varchar[]) > 0
        group by probe_id
        having sum(
            coalesce(list_contains(w['votes']::varchar[], voice || ':' || verdict), false)::int
            + coalesce(list_contains(w['votes']::varchar[], voice || ':blind ' || blind_verdict), false)::int
        ) = len(w['votes']::varchar[])
    )
  )
  and (w['search']::varchar is null or probe_id in (select probe_id from hits where search = w['search']::varchar));
