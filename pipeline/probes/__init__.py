"""What a probe is made of and held to: labels to spans, templates of word and lens probes, atoms found, validators."""
