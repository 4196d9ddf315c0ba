-- One row a probe whose atom does not lie wholly on the hidden side of its split.
select probe_id, target, split, atom_start, atom_end
from probes
where (target = 'suffix' and atom_start < split) or (target = 'prefix' and atom_end > split);
