-- One row an annotator of a build, in the order of their first events.
select annotator from label_event where build = :build group by annotator order by min(seq)
