-- One row a slot of a document at a level that has several probes, or one of another scope.
select doc_key, level, slot, list(scope) as scopes
from probes
group by doc_key, level, slot
having count(*) > 1
    or first(scope) is distinct from case
        when slot < 5 then 'word' when slot < 10 then 'lens' when slot < 13 then 'sentence'
        when slot < 15 then 'paragraph' when slot = 15 then 'whole'
    end;
