"""The columns of a build's files, as Arrow schemas.

`CARD` is the published form (config `default`), `EXTRA` what is published beside it; `DOCS`, `PROBES` and `FACETS` are
the index, which is derived from it and laid out for reading (queries/store.py).
"""

import pyarrow as pa

from queries.schema import Flag, SplitGroup


def _card() -> pa.Schema:
    string, number, whole = pa.string(), pa.float64(), pa.int64()
    splits = pa.struct([(str(group), whole) for group in SplitGroup])
    return pa.schema(
        [
            ("doc", string),
            ("scope", string),
            ("verbalizer_prompt", string),
            ("context", string),
            ("atom_text", string),
            ("target_response", string),
            ("incorrect_plausible_answer", string),
            ("bb_answer_rollout_answers", pa.list_(string)),
            ("bb_answer_rollout_scores", pa.list_(number)),
            ("bb_answer_score_mean", number),
            ("bb_answer_score_max", number),
            ("bb_answer_score_min", number),
            ("row_seed", whole),
            ("doc_id", string),
            ("doc_source", string),
            ("doc_idx", whole),
            ("split_char_offset", whole),
            ("row_splits", splits),
            ("doc_choice_rationale", string),
            ("split_rationale", string),
            ("slot_idx", number),
            ("target", string),
            ("typicality", string),
            ("abs_index", number),
            ("signed_index", number),
            ("signed_index_hint", number),
            ("actual_word_distance_from_split", number),
            ("synergy_check", string),
            ("distribution_check", string),
            ("difficulty_check", string),
            ("source", string),
            ("n_tokens_actual", number),
            ("tokenizer", string),
            ("generator_model", string),
            ("source_model", string),
        ]
    )


CARD: pa.Schema = _card()
"""The published row, column by column and type by type as on the dataset card."""

DOCS: pa.Schema = pa.schema(
    [
        ("doc_key", pa.string()),  # 12 letters; hash of source model, doc_id, doc_idx and text
        ("doc_id", pa.string()),
        ("doc_idx", pa.int64()),
        ("doc_source", pa.string()),
        ("host", pa.string()),
        ("round", pa.int32()),
        ("opening_end", pa.int32()),  # where the human opening stops, in characters; null = unknown
        ("text", pa.string()),
    ]
)
"""Index, `docs`: one row a document, sorted by `doc_key`."""

OWN: pa.Schema = pa.schema(
    [
        ("reading", pa.string()),  # how the generator's reply was read: strict, lenient or repaired
        ("prompt", pa.string()),  # fingerprint of the generator's prompt
        ("siblings", pa.int32()),  # other rollouts that the claim of a suffix atom was looked for in
        ("recurs_in", pa.int32()),  # of them; by wording (pipeline/probes/recurrence.py)
        ("recurrence", pa.float32()),  # mean containment over them, 0-1
        ("rollouts_due", pa.int32()),  # blind answers that were to be asked for
        ("reasons", pa.list_(pa.string())),  # by rollout: why an answer or its score is null
        ("stop_at", pa.float64()),  # the score from which a probe was asked no further
        ("censored", pa.bool_()),  # it was: count, mean and min are of fewer answers, the max is a lower bound
        ("ceiling", pa.float64()),  # score of the target response: what full information reaches
        ("ceiling_reason", pa.string()),
    ]
)
"""What only the pipeline that made a probe knows of it; null for imported probes that came without config `extra`."""

PROBES: pa.Schema = pa.schema(
    [
        ("probe_id", pa.string()),  # 12 letters, unique in the build (queries/identity.py)
        ("doc_key", pa.string()),
        (
            "content_hash",
            pa.string(),
        ),  # question, atom, split, complement: tells whether a human label still applies
        ("round", pa.int32()),
        ("level", pa.int32()),
        ("slot", pa.int32()),
        ("scope", pa.string()),
        ("target", pa.string()),
        ("typicality", pa.string()),
        ("split", pa.int32()),
        ("split_word_lens", pa.int32()),
        ("split_sentence", pa.int32()),
        ("split_paragraph", pa.int32()),
        ("split_whole", pa.int32()),
        ("question", pa.string()),
        ("atom", pa.string()),
        ("target_response", pa.string()),
        ("ipa", pa.string()),
        ("answers", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
        ("score_mean", pa.float64()),
        ("score_max", pa.float64()),
        ("score_min", pa.float64()),
        ("located", pa.string()),
        ("atom_start", pa.int32()),  # characters in the document; null where the atom is missing
        ("atom_end", pa.int32()),
        ("occurrences", pa.int32()),  # of the atom on the hidden side
        ("distance_chars", pa.int32()),  # from the split to the near end of the atom; 0 = touching
        ("distance_words", pa.int32()),
        ("distance_tokens", pa.int32()),
        ("window_start", pa.int32()),  # what the blind reader saw
        ("window_end", pa.int32()),
        ("stored_context", pa.string()),  # only where it is not the visible side of the document
        ("synergy_check", pa.string()),
        ("distribution_check", pa.string()),
        ("difficulty_check", pa.string()),
        ("doc_choice_rationale", pa.string()),
        ("split_rationale", pa.string()),
        ("row_seed", pa.int64()),
        ("abs_index", pa.float64()),
        ("signed_index", pa.float64()),
        ("signed_index_hint", pa.float64()),
        ("actual_word_distance", pa.float64()),
        ("source", pa.string()),
        ("n_tokens", pa.int32()),
        ("tokenizer", pa.string()),
        ("generator_model", pa.string()),
        ("source_model", pa.string()),
        ("evidence", pa.map_(pa.string(), pa.string())),  # flag -> what was seen
        *OWN,
        ("source_file", pa.string()),  # where the row as stored is: a file in the build's folder, a row in it
        ("source_row", pa.int64()),
    ]
)
"""Index, `probes`: one wide row a probe, sorted by `doc_key` and `slot`. Sentinels such as -9999 are null here."""

EXTRA: pa.Schema = pa.schema(
    [
        *(PROBES.field(name) for name in ("probe_id", "content_hash", "round", "level")),
        DOCS.field("doc_id"),
        PROBES.field("slot"),
        DOCS.field("opening_end"),
        *(PROBES.field(name) for name in ("located", "atom_start", "atom_end", "occurrences")),
        *(PROBES.field(f"distance_{unit}") for unit in ("chars", "words", "tokens")),
        *(PROBES.field(name) for name in ("window_start", "window_end")),
        ("flags", pa.list_(pa.string())),
        ("evidence", pa.list_(pa.string())),  # what was seen, flag by flag
        *OWN,
    ]
)
"""Config `extra`, published beside the card's columns: one row a row of config `default`, in its order."""

FACETS: pa.Schema = pa.schema(
    [
        ("probe_id", pa.string()),
        ("doc_key", pa.string()),
        ("doc_id", pa.string()),
        ("host", pa.string()),
        ("round", pa.int32()),
        ("level", pa.int32()),
        ("slot", pa.int32()),
        ("scope", pa.string()),
        ("target", pa.string()),
        ("typicality", pa.string()),
        ("score", pa.int16()),  # max score in hundredths, rounded; null = unscored
        ("mean", pa.float32()),
        ("spread", pa.float32()),  # largest minus smallest of the scores
        ("distance", pa.int32()),  # distance_chars
        ("question", pa.string()),
        *((f"flag_{flag}", pa.bool_()) for flag in Flag),  # null = not computed
    ]
)
"""Index, `facets`: one narrow row a probe, each part sorted by `doc_id`, `doc_key`, `level`, `slot` and `probe_id`.

Not by scope and score: the table is read into memory whole, where every filter is a scan of 1-6 ms, and document order
is what breaks ties and needs no sort at start (queries/facets.sql)."""
