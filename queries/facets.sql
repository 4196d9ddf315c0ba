-- The narrow table that every list and count reads, laid out in memory from the index's parts.
-- `place` is the order of the files (part by part; in a part by document, level, slot, id) and breaks every tie, so nothing is
-- sorted here: loading 590,741 rows takes 0.5 s, with a sort 1.7 s. `doc_no` stands for the document
-- where probes are grouped or found by it, in a third of the time that its key takes; `flag_bits` holds one bit a flag,
-- in Flag's order.
-- `scope_word` and its like are the same words as enums, which a filter compares in a twelfth of the time of strings.
create type scope_word as enum (select distinct scope from facets_parts where scope is not null);
create type target_word as enum (select distinct target from facets_parts where target is not null);
create type typicality_word as enum (select distinct typicality from facets_parts where typicality is not null);
create table facets as
select
    row_number() over ()::int as place,
    hash(doc_key) as doc_no,
    scope::scope_word as scope_word, target::target_word as target_word,
    typicality::typicality_word as typicality_word,
    probe_id, doc_key, doc_id, host, round, level, slot, scope, target, typicality, score, mean, spread,
    distance, question,
    (
        (coalesce(flag_split_outside, false)::int << 0) |
        (coalesce(flag_context_mismatch, false)::int << 1) |
        (coalesce(flag_split_mid_word, false)::int << 2) |
        (coalesce(flag_atom_missing, false)::int << 3) |
        (coalesce(flag_atom_leak, false)::int << 4) |
        (coalesce(flag_question_leak, false)::int << 5) |
        (coalesce(flag_scaffold_leak, false)::int << 6) |
        (coalesce(flag_field_null, false)::int << 7) |
        (coalesce(flag_field_empty, false)::int << 8) |
        (coalesce(flag_slot_invalid, false)::int << 9) |
        (coalesce(flag_typicality_mismatch, false)::int << 10) |
        (coalesce(flag_index_mismatch, false)::int << 11) |
        (coalesce(flag_token_count, false)::int << 12) |
        (coalesce(flag_ipa_invalid, false)::int << 13) |
        (coalesce(flag_scores_inconsistent, false)::int << 14) |
        (coalesce(flag_response_not_atom, false)::int << 15) |
        (coalesce(flag_window_truncated, false)::int << 16) |
        (coalesce(flag_short_complement, false)::int << 17) |
        (coalesce(flag_near_duplicate, false)::int << 18) |
        (coalesce(flag_off_policy, false)::int << 19) |
        (coalesce(flag_splits_disagree, false)::int << 20) |
        (coalesce(flag_runaway_text, false)::int << 21) |
        (coalesce(flag_unscored, false)::int << 22) |
        (coalesce(flag_atom_shape, false)::int << 23) |
        (coalesce(flag_injection_text, false)::int << 24)
    )::int as flag_bits
from facets_parts;
