-- Adds one row: a queue.
insert into label_queue (
    queue_id, build, name, ordering, blind, seed, per_probe, size, filter, revision, made_by, made_at
) values (
    :queue_id, :build, :name, :ordering, :blind, :seed, :per_probe, :size, :filter, :revision, :made_by, :made_at
)
