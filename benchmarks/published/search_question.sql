-- One row: how many probes have a question with the text $text, asked of the published files.
select count(*) as probes from published where contains(lower(verbalizer_prompt), lower($text));
