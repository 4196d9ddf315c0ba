"""The flags of a probe of our own: those of any published row, and those that need what only the pipeline knows."""

from dataclasses import replace

from pipeline.probes.cut import cut
from pipeline.probes.locate import Location
from pipeline.probes.made import Made, MadeProbe, published
from pipeline.probes.probe import Probe
from pipeline.probes.validators import EVIDENCE, VALIDATORS
from pipeline.rounds import Drawn
from queries.schema import Flag, Located, Target

LATER = (Flag.UNSCORED, Flag.SCORES_INCONSISTENT)  # nothing is scored yet
RULES = {flag: rule for flag, rule in VALIDATORS.items() if flag not in LATER}


def flagged(made: Made, drawn: Drawn) -> Made:
    """Return a finalized document whose probes carry their flags, with at most 200 characters of evidence each."""
    siblings = drawn.folded
    probes = (replace(probe, evidence=_evidence(made, probe, siblings)) for probe in made.probes)
    return replace(made, probes=tuple(probes))


def _evidence(made: Made, probe: MadeProbe, siblings: str) -> dict[str, str]:
    here = cut(made.text, split=probe.split, target=probe.target)
    hidden = here.sides.hidden
    count = made.text.count(made.atom(probe), hidden.start, hidden.end)
    seen = Probe(published(made, probe), probe.scope, here, Location(Located.EXACT, probe.atom, count))
    found = {flag: rule(seen) for flag, rule in RULES.items()}
    found |= {Flag.OFF_POLICY: _off_policy(made, probe)}
    found[Flag.IPA_INVALID] = found[Flag.IPA_INVALID] or _ipa_of_a_sibling(probe, siblings)
    return {str(flag): evidence[:EVIDENCE] for flag, evidence in found.items() if evidence is not None}


def _off_policy(made: Made, probe: MadeProbe) -> str | None:
    """V18: what the source model was about to write is text of the source model, not of the human opening."""
    human = made.opening_end - probe.atom.start
    if probe.target is Target.PREFIX or human <= 0:
        return None
    return f"{min(human, probe.atom.end - probe.atom.start)} characters of the atom are human text"


def _ipa_of_a_sibling(probe: MadeProbe, siblings: str) -> str | None:
    """V12: the IPA is not what any sibling says."""
    return "it stands in a sibling" if probe.ipa.casefold() in siblings else None
