-- One row: what a judge of a probe may see of it, with its automatic label, found by its id and document. Columns by
-- name: with all sixty the same row takes 17 ms of processor time instead of 11.
select
    probes.probe_id, probes.content_hash, probes.level, probes.scope, probes.target, probes.split,
    probes.split_word_lens, probes.split_sentence, probes.split_paragraph, probes.split_whole,
    probes.question, probes.atom, probes.target_response, probes.ipa, probes.answers, probes.scores,
    probes.atom_start, probes.atom_end, probes.window_start, probes.window_end, probes.evidence,
    facets.score, label_of(facets.score, $where) as automatic
from probes, facets
where probes.doc_key = $doc_key and probes.probe_id = $probe_id
  and facets.doc_no = hash($doc_key) and facets.probe_id = $probe_id;
