-- The probes that a filter means: every question about "these probes" starts `from chosen($where)`.
-- `w` is Filter.parameters() as a struct; its constants fold when a question is bound. '' stands for null.
-- What no column tells (a search, human labels) is found once and kept as a row set (row_sets.sql); `source` names the
-- view to read, so that a question without a row set is planned without one: 5 ms, where subqueries for them took 12.
create macro label_of(score, w) as case
    when score is null then 'UNSCORED'
    when score < w['hard_below'] then 'HARD'
    when score >= w['easy_from'] then 'EASY'
    else 'MIDDLE'
end;
create macro chosen(w) as table
select *, label_of(score, w) as label
from query_table(w['source'])
where (
    len(w['scopes']::varchar[]) = 0
    or list_contains(list_transform(w['scopes']::varchar[], lambda word: try_cast(word as scope_word)), scope_word)
    or (list_contains(w['scopes']::varchar[], '') and scope_word is null)
  )
  and (
    len(w['targets']::varchar[]) = 0
    or list_contains(list_transform(w['targets']::varchar[], lambda word: try_cast(word as target_word)), target_word)
    or (list_contains(w['targets']::varchar[], '') and target_word is null)
  )
  and (
    len(w['typicalities']::varchar[]) = 0
    or list_contains(
      list_transform(w['typicalities']::varchar[], lambda word: try_cast(word as typicality_word)), typicality_word
    )
    or (list_contains(w['typicalities']::varchar[], '') and typicality_word is null)
  )
  and (len(w['labels']::varchar[]) = 0 or list_contains(w['labels']::varchar[], label_of(score, w)))
  and (w['score_from']::int is null or score >= w['score_from']::int)
  and (w['score_to']::int is null or score <= w['score_to']::int)
  and (len(w['rounds']::int[]) = 0 or list_contains(w['rounds']::int[], round))
  and (len(w['levels']::int[]) = 0 or list_contains(w['levels']::int[], level))
  and (w['doc_id']::varchar is null or doc_id = w['doc_id']::varchar)
  and (w['host']::varchar is null or coalesce(host, '') = w['host']::varchar)
  and (w['flag_bits']::int is null or (flag_bits & w['flag_bits']::int) <> 0 or (w['unflagged'] and flag_bits = 0))
  and (w['row_set']::bigint is null or row_set = w['row_set']::bigint);
