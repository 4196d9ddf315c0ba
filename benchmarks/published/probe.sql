-- One row a probe of a document, with the document, asked of the published files.
select * from published where doc_id = $doc_id;
