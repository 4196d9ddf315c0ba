-- One row: what a card says of a build's probes beside their counts.
select
    count(*) filter (censored) as censored,
    list(distinct source_model order by source_model) filter (source_model is not null) as source_models,
    list(distinct generator_model order by generator_model) filter (generator_model is not null) as generator_models,
    list(distinct tokenizer order by tokenizer) filter (tokenizer is not null) as tokenizers,
    list(distinct len(scores) order by len(scores)) filter (len(scores) > 0) as answers
from probes;
