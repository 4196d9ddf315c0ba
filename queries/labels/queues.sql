-- One row a queue of a build, newest first.
select * from label_queue where build = :build order by made_at desc, queue_id
