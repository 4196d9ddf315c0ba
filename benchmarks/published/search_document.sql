-- One row: how many probes have a document with the text $text, asked of the published files.
select count(*) as probes from published where contains(lower(doc), lower($text));
