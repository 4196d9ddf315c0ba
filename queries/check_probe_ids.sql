-- One row a probe id that stands more than once.
select probe_id, count(*) as probes
from probes
group by probe_id
having count(*) > 1;
