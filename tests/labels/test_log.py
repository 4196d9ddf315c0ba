"""The label log on SQLite and on Postgres: what was pressed stays, once, in order, and can be taken back."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.labels import (
    ADJUDICATED,
    DamageError,
    LabelError,
    LabelLog,
    LabelStoreError,
    Op,
    ReasonTag,
    Refusal,
    Verdict,
    open_database,
)
from queries.labels.boundary import TEXT_LIMIT, clean
from queries.labels.chain import Head, follow
from queries.labels.database import Session, journal
from queries.labels.log import LOOK_BACK
from tests.labels.conftest import Place
from tests.labels.presses import BUILD, opinion, press, refused, reversal, saved

HARD, EASY, UNSURE = Verdict


def test_a_verdict_is_stored_under_its_number_with_all_that_was_said(log: LabelLog) -> None:
    event = press(
        verdict=EASY,
        answer="The harbour.",
        reasons=(ReasonTag.JUDGE_ERROR, ReasonTag.VAGUE_QUESTION),
        note="=1+1 <b>ü😀\n",
        flagged=True,
        queue_id="q",
        shown={"score": 40, "level": -2},
        dwell_ms=1234,
    )
    done = saved(log.append(event))
    assert (done.seq, done.repeated, done.opinion) == (1, False, opinion(log))
    state = opinion(log).state
    assert (state.verdict, state.answer, state.note, state.flagged) == (EASY, "The harbour.", "=1+1 <b>ü😀\n", True)
    assert state.reasons == (ReasonTag.VAGUE_QUESTION, ReasonTag.JUDGE_ERROR)
    row = log.history(BUILD, "p1")[0]
    assert (row["queue_id"], json.loads(row["shown"]), row["dwell_ms"]) == ("q", {"score": 40, "level": -2}, 1234)


def test_the_same_event_twice_is_one_label_with_one_number(log: LabelLog) -> None:
    event = press(expected=0)
    first, again = log.append_all([event, event])
    assert (saved(first).seq, saved(first).repeated) == (1, False)
    assert (saved(again).seq, saved(again).repeated) == (1, True)
    assert saved(log.append(event)).repeated
    assert log.head().seq == 1


def test_another_event_under_a_used_id_is_refused_aloud(log: LabelLog) -> None:
    event = press()
    log.append(event)
    with pytest.raises(LabelError, match="already belongs to another event, number 1"):
        log.append(press("p2", event_id=event.event_id))


def test_a_blind_verdict_and_a_final_one_are_both_kept(log: LabelLog) -> None:
    log.append(press(blind_verdict=HARD, expected=0))
    before = opinion(log)
    assert (before.state.blind_verdict, before.state.verdict, before.given, before.state.seen) == (
        HARD,
        None,
        HARD,
        True,
    )
    log.append(press(verdict=EASY, expected=1))
    assert (opinion(log).state.blind_verdict, opinion(log).state.verdict, opinion(log).given) == (HARD, EASY, EASY)


@pytest.mark.parametrize(
    "before",
    [
        [press(op=Op.REVEAL)],
        [press(verdict=HARD)],
        [press(blind_verdict=HARD)],
        [press(blind_verdict=HARD), reversal()],
        [press(skipped=True), press(op=Op.REVEAL), reversal()],
    ],
)
def test_nothing_seen_can_be_judged_blind(log: LabelLog, before: list) -> None:
    for event in before:
        saved(log.append(event))
    assert refused(log.append(press(blind_verdict=EASY))).refusal is Refusal.SEEN
    saved(log.append(press(verdict=EASY)))


@pytest.mark.parametrize("before", [[], [press(skipped=True)], [press(flagged=True), press(note="later")]])
def test_skip_flag_and_note_leave_the_hidden_side_unseen(log: LabelLog, before: list) -> None:
    for event in before:
        saved(log.append(event))
    assert saved(log.append(press(blind_verdict=EASY))).opinion.state.blind_verdict is EASY


def test_a_verdict_ends_a_skip_and_a_flag_outlives_it(log: LabelLog) -> None:
    log.append_all([press(skipped=True), press(flagged=True), press(verdict=HARD)])
    assert (opinion(log).state.skipped, opinion(log).state.flagged) == (False, True)


def test_a_stale_view_gets_the_newer_opinion_instead(log: LabelLog) -> None:
    log.append_all([press(verdict=HARD, expected=0), press(verdict=EASY, expected=1)])
    conflict = refused(log.append(press(verdict=UNSURE, expected=1)))
    assert conflict.refusal is Refusal.REVISION
    assert conflict.opinion == opinion(log)
    assert (conflict.opinion.revision, conflict.opinion.given) == (2, EASY)
    assert log.head().seq == 2


def test_a_conflict_stops_no_other_event_of_the_same_delivery(log: LabelLog) -> None:
    first, conflict, last = log.append_all([press("p1"), press("p1", expected=0), press("p2", expected=0)])
    assert (saved(first).seq, saved(last).seq) == (1, 2)
    refused(conflict)


def test_annotators_never_conflict_with_each_other(log: LabelLog) -> None:
    for annotator, verdict in (("ada", HARD), ("bob", EASY)):
        saved(log.append(press(annotator=annotator, verdict=verdict, expected=0)))
    assert [(each.voice, each.given) for each in log.opinions(BUILD, "p1")] == [("ada", HARD), ("bob", EASY)]


def test_an_adjudication_stands_beside_the_opinions_and_two_adjudicators_can_conflict(log: LabelLog) -> None:
    log.append_all([press(verdict=HARD), press(annotator="bob", verdict=EASY)])
    saved(log.append(press(annotator="eve", op=Op.ADJUDICATE, verdict=EASY, expected=0, note="bob is right")))
    late = refused(log.append(press(annotator="bob", op=Op.ADJUDICATE, verdict=HARD, expected=0)))
    assert (late.opinion.annotator, late.opinion.given) == ("eve", EASY)
    assert [each.voice for each in log.opinions(BUILD, "p1")] == [ADJUDICATED, "ada", "bob"]


def test_undo_takes_back_one_change_after_another_across_probes_and_restarts_and_redo_brings_them_back(
    place: Place,
) -> None:
    events = [press("p1", verdict=HARD), press("p2", verdict=EASY), press("p1", note="hm"), press("p1", verdict=UNSURE)]
    place.log().append_all(events)
    states = [(opinion(place.log(), "p1").given, opinion(place.log(), "p2").given)]
    for _ in events:
        saved(place.log().append(reversal()))
        states.append((opinion(place.log(), "p1").given, opinion(place.log(), "p2").given))
    assert states == [(UNSURE, EASY), (HARD, EASY), (HARD, EASY), (HARD, None), (None, None)]
    assert refused(place.log().append(reversal())).refusal is Refusal.NOTHING_LEFT
    for _ in events:
        saved(place.log().append(reversal(Op.REDO)))
    assert (opinion(place.log(), "p1").given, opinion(place.log(), "p1").state.note) == (UNSURE, "hm")
    assert refused(place.log().append(reversal(Op.REDO))).refusal is Refusal.NOTHING_LEFT
    place.log().verify()


def test_a_new_change_ends_what_can_be_redone(log: LabelLog) -> None:
    log.append_all([press("p1"), reversal(), press("p2")])
    assert refused(log.append(reversal(Op.REDO))).refusal is Refusal.NOTHING_LEFT


def test_undo_reaches_further_back_than_one_page_of_the_log(log: LabelLog) -> None:
    log.append(press("first"))
    log.append_all(event for number in range(LOOK_BACK) for event in (press(f"p{number}"), reversal()))
    assert saved(log.append(reversal())).opinion.probe_id == "first"
    refused(log.append(reversal()))


def test_undo_touches_neither_other_annotators_nor_other_builds(log: LabelLog) -> None:
    log.append_all([press(), press(annotator="bob"), press(build="other")])
    refused(log.append(reversal(annotator="eve")))
    saved(log.append(reversal()))
    assert (opinion(log).given, opinion(log, voice="bob").given) == (None, HARD)
    assert log.opinions("other", "p1")[0].given is HARD


def test_an_undo_of_a_named_change_that_is_not_the_last_does_nothing(log: LabelLog) -> None:
    first, last = press("p1"), press("p2")
    log.append_all([first, last])
    assert refused(log.append(reversal(about=first.event_id))).refusal is Refusal.NOT_LAST
    assert saved(log.append(reversal(about=last.event_id))).opinion.probe_id == "p2"


def test_an_adjudication_that_another_has_replaced_cannot_be_undone(log: LabelLog) -> None:
    log.append_all([press(op=Op.ADJUDICATE, verdict=HARD), press(annotator="bob", op=Op.ADJUDICATE, verdict=EASY)])
    conflict = refused(log.append(reversal()))
    assert (conflict.refusal, conflict.opinion.annotator) == (Refusal.NOT_LAST, "bob")


def test_a_probe_whose_content_has_changed_starts_anew_and_undo_brings_the_old_opinion_back(log: LabelLog) -> None:
    log.append_all([press(verdict=HARD, note="old"), press(blind_verdict=EASY, content_hash="h2")])
    state = opinion(log).state
    assert (state.content_hash, state.verdict, state.blind_verdict, state.note) == ("h2", None, EASY, "")
    log.append(reversal())
    assert (opinion(log).state.content_hash, opinion(log).state.verdict, opinion(log).state.note) == ("h1", HARD, "old")


def test_the_current_opinions_come_as_a_table_and_later_only_what_changed(log: LabelLog) -> None:
    log.append_all([press("p1"), press("p2", verdict=EASY), press("p3", build="other")])
    table = log.current(BUILD).to_pylist()
    assert [(row["probe_id"], row["verdict"], row["seq"]) for row in table] == [("p1", "HARD", 1), ("p2", "EASY", 2)]
    log.append(reversal())
    assert [(row["probe_id"], row["verdict"]) for row in log.current(BUILD, since=3).to_pylist()] == [("p2", None)]
    assert log.current(BUILD, since=4).num_rows == 0


def test_time_is_the_databases_own(log: LabelLog) -> None:
    log.append_all([press("p1"), press("p2")])
    times = [row["made_at"] for row in log.events()]
    assert times == sorted(times)
    assert all(len(time) == 24 and time.endswith("Z") for time in times)


@pytest.mark.parametrize(
    ("statement", "spares"),
    [
        ("update label_event set verdict = 'EASY'", "never changed|permission"),
        ("delete from label_event", "never|permission"),
        ("update label_queue_item set inclusion = 1", "frozen|never|permission"),
        ("delete from label_queue_item", "frozen|never|permission"),
    ],
)
def test_the_database_itself_refuses_to_change_what_was_written(place: Place, statement: str, spares: str) -> None:
    log = place.log()
    log.append(press())

    def change() -> None:
        with log.database.writing() as session:
            session._cursor.execute(
                "insert into label_queue values ('q', 'b', 'n', 'random', 1, 0, 1, 1, '{}', 'r', 'ada', 't')"
            )
            session._cursor.execute("insert into label_queue_item values ('q', 1, 'p1', 'd', '', 0.5)")
            session._cursor.execute(statement)

    with pytest.raises(LabelStoreError, match=spares):
        change()
    log.verify()


def test_the_database_refuses_events_out_of_order_and_replacements(place: Place) -> None:
    log = place.log()
    log.append_all([press("p1"), press("p2")])
    row = next(log.events())
    for changes in ({}, {"seq": 5}, {"seq": 3, "event_id": row["event_id"]}):
        with pytest.raises(LabelStoreError), log.database.writing() as session:
            session.run("insert_event", **(row | changes))
    log.verify()


def test_sqlite_refuses_replacements_too(tmp_path) -> None:
    log = LabelLog(open_database(url=None, path=tmp_path / "labels.db"))
    log.append(press())
    row = next(log.events())
    columns = ", ".join(row)
    with pytest.raises(LabelStoreError, match="only added at the end"), log.database.writing() as session:
        session._cursor.execute(
            f"insert or replace into label_event ({columns}) values ({', '.join('?' * len(row))})",  # noqa: S608
            list((row | {"verdict": "EASY"}).values()),
        )
    assert opinion(log).given is HARD


def _changed(rows: list[dict]) -> None:
    rows[1]["verdict"] = "EASY"


def _cut_out(rows: list[dict]) -> None:
    del rows[1]


def _moved(rows: list[dict]) -> None:
    rows[1], rows[2] = rows[2] | {"seq": 2}, rows[1] | {"seq": 3}


@pytest.mark.parametrize("tamper", [_changed, _cut_out, _moved])
def test_the_chain_notices_every_way_of_tampering(log: LabelLog, tamper: Callable[[list[dict]], None]) -> None:
    log.append_all(press(f"p{number}") for number in range(4))
    rows = list(log.events())
    assert follow(Head(), rows) == log.verify() == log.head()
    tamper(rows)
    with pytest.raises(DamageError, match=r"event [23] is"):
        follow(Head(), rows)


def test_a_copy_restored_into_an_empty_log_gives_the_same_opinions_and_the_same_head(place: Place, tmp_path) -> None:
    log = place.log()
    log.append_all([press("p1", blind_verdict=HARD), press("p1", verdict=EASY, note="ü\0"), press("p2"), reversal()])
    copy = [json.loads(json.dumps(row)) for row in log.events()]
    other = LabelLog(open_database(url=None, path=tmp_path / "copy" / "labels.db"))
    assert other.restore(copy) == 4
    assert other.current(BUILD).equals(log.current(BUILD))
    assert other.verify() == log.verify()
    assert other.restore(copy) == 0
    log.append(press("p9"))
    assert other.restore(log.events()) == 1
    assert log.restore(copy) == 0


def test_a_copy_of_another_log_or_a_damaged_one_changes_nothing(place: Place, tmp_path) -> None:
    log, other = place.log(), LabelLog(open_database(url=None, path=tmp_path / "other.db"))
    log.append_all([press("p1"), press("p2")])
    other.append_all([press("p1"), press("p2"), press("p3")])
    head = log.head()
    with pytest.raises(LabelError, match="differ at event 2"):
        log.restore(other.events())
    with pytest.raises(LabelError, match="differ at event 1"):
        log.restore(list(other.events())[:1])
    with pytest.raises(DamageError):
        log.restore(list(other.events())[1:])
    assert log.head() == head


@pytest.mark.whole
def test_a_hundred_thousand_labels_are_one_whole_log(log: LabelLog) -> None:
    people = ("ada", "bob", "eve", "zoe")
    for start in range(0, 25_000, 2_500):
        log.append_all(press(f"p{at}", annotator=who) for at in range(start, start + 2_500) for who in people)
    assert log.verify().seq == log.current(BUILD).num_rows == 100_000
    assert saved(log.append(reversal(annotator="zoe"))).opinion.probe_id == "p24999"


def test_threads_with_stale_views_lose_nothing_and_leave_no_gap(log: LabelLog) -> None:
    """Four writers on two opinions of one probe: what is stored is what was answered as stored, revisions 1..n."""

    def write(number: int) -> int:
        annotator, stored = ("ada", "bob")[number % 2], 0
        for _ in range(15):
            seen = [each for each in log.opinions(BUILD, "p1") if each.voice == annotator]
            outcome = log.append(press(annotator=annotator, expected=seen[0].revision if seen else 0))
            stored += hasattr(outcome, "seq")
        return stored

    with ThreadPoolExecutor(4) as threads:
        stored = sum(threads.map(write, range(4)))
    rows = log.history(BUILD, "p1")
    assert len(rows) == stored
    for annotator in ("ada", "bob"):
        revisions = [row["revision"] for row in rows if row["voice"] == annotator]
        assert revisions == list(range(1, len(revisions) + 1))
    log.verify()


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (press(event_id="1"), "no event id"),
        (press(event_id=str(uuid.uuid4()).upper()), "no event id"),
        (press(annotator=""), "annotator"),
        (press(annotator=" ada"), "annotator"),
        (press(annotator="a\nb"), "annotator"),
        (press("p\0"), "probe"),
        (press(build="\ud800"), "build"),
        (press(note="x" * (TEXT_LIMIT + 1)), "20,001 characters"),
        (press(op=Op.SET), "changes nothing"),
        (press(op=Op.REVEAL, verdict=HARD), "its own event"),
        (press(op=Op.UNDO, verdict=HARD), "cannot be undo"),
        (press(dwell_ms=-1), "dwell"),
        (reversal(Op.SET), "an undo or a redo"),
    ],
)
def test_what_no_log_can_hold_is_refused_and_takes_its_whole_delivery_with_it(event, message: str, tmp_path) -> None:
    log = LabelLog(open_database(url=None, path=tmp_path / "labels.db"))
    with pytest.raises(LabelError, match=message):
        log.append_all([press("p2"), event])
    assert log.head().seq == 0


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800x", "\ufffdx"),
        ("\ud83d\ude00", "😀"),
        ("x\udc00", "x\ufffd"),
        ("é\r\n\u202e", "é\r\n\u202e"),
    ],
)
def test_notes_keep_every_character_that_can_be_stored(log: LabelLog, text: str, stored: str) -> None:
    log.append(press(note=text, answer=text))
    assert (opinion(log).state.note, opinion(log).state.answer) == (stored, stored)


@given(st.text(st.characters(), max_size=50))
def test_any_text_becomes_one_that_utf8_and_postgres_can_hold(text: str) -> None:
    kept = clean(text)
    assert kept.encode().decode() == kept
    assert "\0" not in kept
    assert clean(kept) == kept


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal"), ((3, 53, 0), "wal")],
)
def test_wal_is_used_only_where_it_cannot_corrupt(version: tuple[int, ...], mode: str) -> None:
    assert journal(version)[0] == mode


@pytest.mark.parametrize("url", ["mysql://x", "postgresql+psycopg://x", "labels.db"])
def test_a_url_that_is_no_postgres_is_refused(url: str, tmp_path) -> None:
    with pytest.raises(LabelStoreError, match="must begin with postgresql://"):
        open_database(url=url, path=tmp_path / "labels.db")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path) -> None:
    path = tmp_path / "labels.db"
    path.write_text("these are my labels, do not touch them, they are many" * 20)
    before = path.read_bytes()
    with pytest.raises(LabelStoreError, match="cannot be opened"):
        open_database(url=None, path=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["event", "voice", "voice_at", "own_events", "head", "newest", "current", "history"])
def test_every_look_up_of_a_press_goes_by_an_index(name: str, tmp_path) -> None:
    """Why a press costs the same with ten labels as with 100,000."""
    log = LabelLog(open_database(url=None, path=tmp_path / "labels.db"))
    parameters = dict.fromkeys(
        ("event_id", "build", "probe_id", "voice", "revision", "annotator", "before", "count", "since"), 1
    )
    with log.database.reading() as session:
        session._cursor.execute("explain query plan " + Session._text(session, name), parameters)
        plan = [row[3] for row in session._cursor.fetchall()]
    assert not [step for step in plan if step.startswith("SCAN label_event") and "INDEX" not in step and name != "head"]
    assert not [step for step in plan if "TEMP B-TREE" in step]
