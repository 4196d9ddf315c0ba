-- What persons think of the probes, brought in from the label log (queries/labels/overlay.py), and how it adds up.
-- One row a voice on a probe; the voice '' is the adjudicated decision. `verdict` is the final one, else the blind one.
-- An opinion is stale where the probe is no longer what the person saw.
create table opinions (
    probe_id varchar, voice varchar, annotator varchar, content_hash varchar, verdict varchar, final_verdict varchar,
    blind_verdict varchar, answer varchar, reasons varchar, note varchar, flagged boolean, skipped boolean,
    queue_id varchar, made_at varchar, revision int, seq bigint, stale boolean
);
-- One row a judged probe: its human label. The adjudicated decision beats single opinions, of which the more frequent
-- of HARD and EASY wins; where neither does it is UNSURE. STALE where all that was said concerns older content.
create view human_now as
select
    probe_id, hard, easy, unsure, stale, adjudicated,
    case
        when adjudicated is not null then adjudicated
        when hard > easy then 'HARD'
        when easy > hard then 'EASY'
        when hard + unsure > 0 then 'UNSURE'
        else 'STALE'
    end as verdict,
    case
        when adjudicated is not null then 'adjudicated'
        when hard > 0 and hard = easy then 'disputed'
        when hard + easy + unsure > 0 then 'human'
        else 'stale'
    end as source
from (
    select
        probe_id,
        count(*) filter (voice <> '' and not stale and verdict = 'HARD') as hard,
        count(*) filter (voice <> '' and not stale and verdict = 'EASY') as easy,
        count(*) filter (voice <> '' and not stale and verdict = 'UNSURE') as unsure,
        count(*) filter (stale) as stale,
        max(verdict) filter (voice = '' and not stale) as adjudicated
    from opinions
    where verdict is not null
    group by probe_id
);
-- The same, kept for the filters: 100,000 labels add up in 15 ms, once when they come in and not at every question.
create table human as from human_now;
-- The label that counts: human over automatic.
create macro final_of(human, automatic) as coalesce(nullif(human, 'STALE'), automatic);
-- The verdicts that a filter can ask for: those of its annotators, or the human labels where it names none. No row where
-- it asks for neither, so that the filters of most questions cost nothing: without this, 100,000 labels made every count
-- of 590,741 probes 17 ms to 80 ms.
create macro judged(w) as table
select probe_id, verdict
from human
where len(w['annotators']::varchar[]) = 0 and len(w['verdicts']::varchar[]) > 0
union all
select probe_id, case when stale then 'STALE' else verdict end
from opinions
where verdict is not null and list_contains(w['annotators']::varchar[], voice);
-- The probes that a filter by verdict means; where it also takes those without one, the probes that it does not mean.
create macro told(w) as table
select probe_id
from judged(w)
group by probe_id
having case
    when list_contains(w['verdicts']::varchar[], '') then not bool_or(list_contains(w['verdicts']::varchar[], verdict))
    else len(w['verdicts']::varchar[]) = 0 or bool_or(list_contains(w['verdicts']::varchar[], verdict))
end;
