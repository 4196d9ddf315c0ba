-- One row a probe whose atom is not the slice of its document that its span names.
select probe_id, atom, substring(text, atom_start + 1, atom_end - atom_start) as slice
from probes join docs using (doc_key)
where located = 'exact' and atom is distinct from substring(text, atom_start + 1, atom_end - atom_start);
