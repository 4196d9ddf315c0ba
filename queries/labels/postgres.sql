-- The tables of the label database on Postgres: one row an event, a queue, a stratum of a queue, a probe of a queue, a lease.
-- Events and queues are only ever added; triggers abort everything else, and the right to it is taken from everyone.
create table label_event (
    seq bigint primary key,
    event_id text not null unique,
    build text not null,
    probe_id text not null,
    voice text not null,
    revision integer not null,
    annotator text not null,
    op text not null check (op in ('set', 'adjudicate', 'reveal', 'import', 'undo', 'redo')),
    about text references label_event (event_id),
    content_hash text not null,
    verdict text check (verdict in ('HARD', 'EASY', 'UNSURE')),
    blind_verdict text check (blind_verdict in ('HARD', 'EASY', 'UNSURE')),
    answer text not null,
    reasons text not null,
    note text not null,
    flagged integer not null check (flagged in (0, 1)),
    skipped integer not null check (skipped in (0, 1)),
    seen integer not null check (seen in (0, 1)),
    holds text,
    queue_id text,
    shown text not null,
    dwell_ms integer,
    made_at text not null,
    sha256 text not null,
    unique (build, probe_id, voice, revision)
);
create index label_event_build on label_event (build, seq);
create index label_event_own on label_event (build, annotator, seq);
create index label_event_queue on label_event (queue_id, annotator, seq);
create table label_queue (
    queue_id text primary key,
    build text not null,
    name text not null,
    ordering text not null,
    blind integer not null check (blind in (0, 1)),
    seed bigint not null,
    per_probe integer not null check (per_probe > 0),
    size integer not null,
    filter text not null,
    revision text not null,
    made_by text not null,
    made_at text not null
);
create table label_queue_stratum (
    queue_id text not null references label_queue (queue_id),
    stratum text not null,
    probes integer not null,
    drawn integer not null,
    scored integer not null,
    total bigint not null,
    primary key (queue_id, stratum)
);
create table label_queue_item (
    queue_id text not null references label_queue (queue_id),
    position integer not null,
    probe_id text not null,
    doc_key text not null,
    stratum text not null,
    inclusion double precision,
    primary key (queue_id, position),
    unique (queue_id, probe_id)
);
create table label_lease (
    queue_id text not null,
    probe_id text not null,
    annotator text not null,
    expires_at text not null,
    primary key (queue_id, probe_id, annotator)
);
create function label_event_refuse() returns trigger language plpgsql
as 'begin raise exception ''label events and queues are never changed or deleted''; end';
create function label_event_in_order() returns trigger language plpgsql
as 'begin
    if new.seq <> (select coalesce(max(seq), 0) + 1 from label_event) then
        raise exception ''label events are only added at the end'';
    end if;
    return new;
end';
create trigger label_event_in_order before insert on label_event
for each row execute function label_event_in_order();
create trigger label_event_kept before update or delete or truncate on label_event
for each statement execute function label_event_refuse();
create trigger label_queue_kept before update or delete or truncate on label_queue
for each statement execute function label_event_refuse();
create trigger label_queue_stratum_kept before update or delete or truncate on label_queue_stratum
for each statement execute function label_event_refuse();
create trigger label_queue_item_kept before update or delete or truncate on label_queue_item
for each statement execute function label_event_refuse();
revoke update, delete, truncate on label_event, label_queue, label_queue_stratum, label_queue_item from public, current_user;
create view label_newest as
select * from label_event e
where not exists (
    select 1 from label_event n
    where n.build = e.build and n.probe_id = e.probe_id and n.voice = e.voice and n.revision > e.revision
);
