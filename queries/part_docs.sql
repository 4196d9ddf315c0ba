-- One row a document of an import, by key; each worker wrote a document once, so it may stand in several shards.
select * exclude (copy) from (
    select *, row_number() over (partition by doc_key order by doc_source) as copy from shard_docs
)
where copy = 1
order by doc_key;
