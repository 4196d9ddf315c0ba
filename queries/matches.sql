-- One row: the text $text with the character $edge set on both sides of every match of the expression $regex.
select regexp_replace($text::varchar, $regex::varchar, $edge::varchar || '\0' || $edge::varchar, 'gis') as marked;
