-- Adds one row: an event with the state that it leaves.
insert into label_event (
    seq, event_id, build, probe_id, voice, revision, annotator, op, about,
    content_hash, verdict, blind_verdict, answer, reasons, note, flagged, skipped, seen, holds,
    queue_id, shown, dwell_ms, made_at, sha256
) values (
    :seq, :event_id, :build, :probe_id, :voice, :revision, :annotator, :op, :about,
    :content_hash, :verdict, :blind_verdict, :answer, :reasons, :note, :flagged, :skipped, :seen, :holds,
    :queue_id, :shown, :dwell_ms, :made_at, :sha256
)
