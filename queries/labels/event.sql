-- One row: an event by its id.
select * from label_event where event_id = :event_id
