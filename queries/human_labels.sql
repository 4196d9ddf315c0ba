-- One row a judged probe of the chosen ones: what persons said of it, its automatic label and the one that counts.
select
    probe_id, doc_key, scope, score, label as automatic, human.hard, human.easy, human.unsure, human.stale,
    human.adjudicated, human.verdict, human.source, final_of(human.verdict, label) as final
from chosen($where) join human using (probe_id)
order by place;
