-- One row a finalized probe that the index lacks, or a probe of such a round that only the index has.
select coalesce(made.round, indexed.round) as round, coalesce(made.doc_id, indexed.doc_id) as doc_id,
       coalesce(made.slot, indexed.slot) as slot, made.doc_id is null as only_in_index
from made
full join (
    select facets.round, facets.doc_id, facets.slot from facets where facets.round in (select round from finalized)
) as indexed using (round, doc_id, slot)
where made.doc_id is null or indexed.doc_id is null;
