-- One row: a document.
select * from docs where doc_key = $doc_key;
