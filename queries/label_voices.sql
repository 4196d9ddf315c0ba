-- One row a voice that has a verdict on some probe of this build now: "" is the adjudicated decision.
select voice, count(*) as probes from opinions where verdict is not null group by voice order by voice;
