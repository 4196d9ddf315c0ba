-- Puts the opinions of the registered table `fresh` in the place of older ones of the same voices on the same probes, and
-- adds up anew what persons say of these probes.
delete from opinions using fresh
where opinions.probe_id = fresh.probe_id and opinions.voice = fresh.voice and opinions.seq < fresh.seq;
insert into opinions
select fresh.*, fresh.content_hash is distinct from probes.content_hash
from fresh left join probes using (probe_id)
where not exists (select 1 from opinions where opinions.probe_id = fresh.probe_id and opinions.voice = fresh.voice);
delete from human where probe_id in (select probe_id from fresh);
insert into human
from human_now
where probe_id in (select probe_id from fresh);
