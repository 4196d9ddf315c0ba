-- The ledger's tables. Money is in nanodollars (catalog.py), times are UTC in ISO 8601.

-- One row a purse: what may be spent, and why spending stopped, if it did.
create table if not exists account (
    name text primary key,
    cap integer not null,
    paused text
) strict;

-- One row a group of requests that went out together: a Message Batch, or the calls whose replies share a raw file.
create table if not exists submission (
    number integer primary key,
    id text not null unique,               -- 8 hex digits, the first part of its requests' custom ids
    account text not null,
    build text not null,
    stage text not null,
    backend text not null,
    model text not null,
    prompt text not null,                  -- the prompt's fingerprint
    parameters text not null,
    prices text not null,                  -- JSON, nanodollars per token
    state text not null,
    requests integer not null,
    reserved integer not null,             -- the most that is still to be billed
    spent integer not null default 0,      -- billed, by usage
    presumed integer not null default 0,   -- the most that may have been billed for calls whose reply was lost
    batch text unique,                     -- the provider's id
    workspace text,                        -- where it runs: a workspace of the provider, or a server's address
    intent_at text not null,
    created_at text,
    expires_at text,
    ended_at text,
    reason text
) strict;

create index if not exists submission_of on submission (build, stage, state);
create index if not exists submission_for on submission (account);

-- A batch whose id was never received is recognised by its number of requests, so no two open ones may share it.
create unique index if not exists one_open_count on submission (requests)
where backend = 'batches' and state in ('intent', 'unknown', 'running', 'ended');

-- One row a request that ever went out.
create table if not exists request (
    build text not null,
    id text not null,                      -- calls.Request.id
    submission integer not null references submission (number),
    state text not null,                   -- todo, sent, done, dead
    tries integer not null default 0,      -- failures that say something about the request
    item text not null,                    -- JSON list of calls.Item
    reason text,
    primary key (build, id)
) strict, without rowid;

create index if not exists request_of on request (submission);
create index if not exists request_dead on request (build) where state = 'dead';

-- One row a batch of the workspace that turned out not to be ours.
create table if not exists foreign_batch (id text primary key) strict;

-- One row a reply of the `messages` back end: it survives a crash, and another build that asks the same gets it.
create table if not exists replay (key text primary key, message blob not null) strict, without rowid;
