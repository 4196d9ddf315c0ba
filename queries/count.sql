-- One row: how many probes and documents a filter means, and how many there are in all.
select count(*) as probes, count(distinct doc_no) as documents, (select count(*) from facets) as total
from chosen($where);
