-- One row a (level, document) of a sweep: what the generator chose there besides atoms and questions.
-- `splits` are the offsets of the sentence, paragraph and whole probes, `targets` their hidden sides by slot.
select
    level, doc_id, doc_idx,
    any_value(probes.doc_key) as doc_key,
    [any_value(split_sentence), any_value(split_paragraph), any_value(split_whole)] as splits,
    list({'slot': slot, 'target': target} order by slot) as targets
from probes join docs using (doc_key)
where list_contains($due_scopes, scope)
group by level, doc_id, doc_idx
order by level, doc_id;
