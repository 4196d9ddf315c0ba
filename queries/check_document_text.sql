-- One row a document whose text is not its opening followed by the rollout that was chosen.
select docs.doc_id, docs.doc_idx
from docs join drawn using (round, doc_id)
where docs.text is distinct from drawn.opening || drawn.rollouts[docs.doc_idx + 1];
