-- Adds or renews one row: a probe that an annotator has on the screen. Never needed for correctness.
insert into label_lease (queue_id, probe_id, annotator, expires_at)
values (:queue_id, :probe_id, :annotator, :expires_at)
on conflict (queue_id, probe_id, annotator) do update set expires_at = excluded.expires_at
