-- One row a probe made here whose incorrect plausible answer is its atom.
select probe_id, atom
from probes
where reading is not null and lower(trim(ipa)) = lower(trim(atom));
