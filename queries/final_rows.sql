-- One row a chosen probe whose final label is one of $final: where its row as imported is.
select probes.round, probes.source_file, probes.source_row
from chosen($where) as chosen
left join human on human.probe_id = chosen.probe_id
join probes on probes.probe_id = chosen.probe_id
where list_contains($final::varchar[], final_of(human.verdict, chosen.label))
order by probes.round, probes.source_file, probes.source_row;
