-- One row an event, oldest first, from after a number on.
select * from label_event where seq > :since order by seq limit :count
