-- One row a slot of a drawn and finalized document that has neither a probe nor a reject.
select drawn.round, doc_id, slot
from drawn
cross join range(16) as slots(slot)
where round in (select round from finalized)
  and (round, doc_id, slot) not in (select (round, doc_id, slot::bigint) from made)
  and (round, doc_id, slot) not in (select (round, doc_id, slot) from rejects where slot is not null)
  and (round, doc_id) not in (select (round, doc_id) from rejects where slot is null);
