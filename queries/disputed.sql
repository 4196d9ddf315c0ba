-- One row a chosen probe that annotators judge differently and nobody has decided: HARD against EASY first, then by how
-- many stand on the smaller side.
select
    probe_id, doc_key, slot, scope, target, label, score, left(question, 200) as question, place,
    human.hard, human.easy, human.unsure
from chosen($where) join human using (probe_id)
where human.adjudicated is null
  and (human.hard > 0)::int + (human.easy > 0)::int + (human.unsure > 0)::int > 1
order by least(human.hard, human.easy) > 0 desc, least(human.hard, human.easy) desc, place
limit $count;
