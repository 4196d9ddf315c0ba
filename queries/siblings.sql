-- One row: the opening of a document of a round and every rollout that was sampled from it.
select opening, rollouts
from read_parquet($file)
where doc_id = $doc_id;
