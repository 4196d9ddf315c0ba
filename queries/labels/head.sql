-- One row: the newest event, or none.
select seq, sha256 from label_event order by seq desc limit 1
