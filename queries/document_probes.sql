-- One row a probe of a document, by slot: the chips under a document.
select probe_id, slot, scope, target, typicality, level, score, label_of(score, $where) as label
from facets
where doc_no = hash($doc_key) and doc_key = $doc_key
order by level, slot, probe_id;
