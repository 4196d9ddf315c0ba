-- One row a pair of documents of two rounds that share at least half of their runs of eight words (V17).
-- One run in eight is compared, the same ones in every document: those whose first word has a hash divisible by eight.
with words as (
    select doc_key, round, regexp_extract_all(lower(text), '\w+') as words from docs
), starts as (
    select doc_key, round, words,
        unnest(list_filter(range(1, len(words) - 6), lambda place: hash(words[place]) % 8 = 0)) as place
    from words
), runs as (
    select distinct doc_key, round, hash(words[place : place + 7]) as run from starts
), shared as (
    select * from runs where run in (select run from runs group by run having min(round) < max(round))
), sizes as (
    select doc_key, count(*) as runs from runs group by doc_key
)
select one.doc_key as doc_key, other.doc_key as other, count(*) as shared, any_value(least(a.runs, b.runs)) as runs
from shared as one join shared as other on one.run = other.run and one.round < other.round
join sizes as a on a.doc_key = one.doc_key
join sizes as b on b.doc_key = other.doc_key
group by one.doc_key, other.doc_key
having count(*) >= 0.5 * any_value(least(a.runs, b.runs));
