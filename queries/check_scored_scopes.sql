-- One row a word or lens probe with blind answers, which are for the other scopes.
select probe_id, scope
from probes
where scope in ('word', 'lens') and (answers is not null or scores is not null);
