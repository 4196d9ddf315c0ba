"""Estimates from labelled queues: by hand, on a full census, and by drawing thousands of queues."""

from typing import Any

import numpy as np
import pytest

from queries import estimate
from queries.estimate import Sample
from queries.queues import Item, Stratum, allocate

STARTS = tuple(range(0, 100, 20))


def label(
    probe_id: str, verdict: str, *, automatic: str = "HARD", score: int | None = 10, source: str = "human"
) -> dict[str, Any]:
    return {
        "probe_id": probe_id, "verdict": verdict, "automatic": automatic, "score": score, "scope": "sentence",
        "source": source,
    }  # fmt: skip


def made(sizes: dict[str, int], verdicts: dict[str, list[str]], **what: Any) -> Sample | None:
    """Return the sample of strata with `sizes` probes, of which those with `verdicts` are labelled."""
    strata = [Stratum(name, size, len(verdicts[name]), size, 10 * size) for name, size in sizes.items()]
    items, labels = [], []
    for name, given in verdicts.items():
        for verdict in given:
            probe_id = f"{name}{len(items)}"
            items.append(Item(len(items) + 1, probe_id, "d", name, len(given) / sizes[name]))
            labels.append(label(probe_id, verdict, **what))
    return estimate.sample(strata=strata, items=items, labels=labels)


def test_a_stratified_error_and_its_variance_by_hand() -> None:
    # two strata, N = 900 and 100; n = 10 and 10; EASY (wrong) 1 and 5: value .9 * .1 + .1 * .5 = .14
    found = made({"a": 900, "b": 100}, {"a": ["EASY"] + ["HARD"] * 9, "b": ["EASY"] * 5 + ["HARD"] * 5})
    assert found is not None
    error = estimate.error(found)
    assert error is not None
    assert (error.value, error.labels) == (pytest.approx(0.14), 20)
    # var = .81 * (1 - 10/900) * (.1*.9*10/9)/10 + .01 * (1 - 10/100) * (.25*10/9)/10 = .0080100 + .00025
    variance = 0.81 * (1 - 1 / 90) * 0.01 + 0.01 * 0.9 * 0.25 / 9
    size = 0.14 * 0.86 / variance
    centre, z = 0.14 + 1.959964**2 / (2 * size), 1.959964
    half = z * (0.14 * 0.86 / size + z**2 / (4 * size**2)) ** 0.5
    assert error.low == pytest.approx((centre - half) / (1 + z**2 / size))
    assert error.high == pytest.approx((centre + half) / (1 + z**2 / size))


def test_a_census_is_exact() -> None:
    found = made({"a": 4, "b": 2}, {"a": ["EASY", "HARD", "HARD", "HARD"], "b": ["EASY", "EASY"]})
    assert found is not None
    assert estimate.error(found) == estimate.Estimate(0.5, 0.5, 0.5, 6)


def test_no_error_among_the_labels_still_has_an_upper_limit() -> None:
    found = made({"a": 1000}, {"a": ["HARD"] * 30})
    assert found is not None
    error = estimate.error(found)
    assert error is not None
    assert (error.value, error.low) == (0, 0)
    assert error.high == pytest.approx(1.959964**2 / (30 + 1.959964**2))  # Wilson at 0 of 30


def test_unsure_and_middle_count_neither_as_right_nor_as_wrong() -> None:
    found = made({"a": 100}, {"a": ["HARD", "EASY", "UNSURE", "UNSURE"]})
    assert found is not None
    assert estimate.error(found).value == 0.5  # type: ignore[union-attr]
    assert estimate.error(found).labels == 2  # type: ignore[union-attr]
    assert estimate.human_hard(found).value == 0.25  # type: ignore[union-attr]
    middle = made({"a": 100}, {"a": ["HARD", "EASY"]}, automatic="MIDDLE")
    assert middle is not None
    assert estimate.error(middle) is None
    assert estimate.false_hard(middle) is None


def test_false_hard_and_false_easy_look_at_their_own_labels() -> None:
    found = made({"a": 100}, {"a": ["HARD", "EASY", "EASY", "UNSURE"]}, automatic="EASY")
    assert found is not None
    assert estimate.false_easy(found).value == pytest.approx(1 / 3)  # type: ignore[union-attr]
    assert estimate.false_hard(found) is None


def test_strata_with_fewer_than_two_labels_are_merged_and_none_is_forgotten() -> None:
    found = made({"a": 50, "b": 30, "c": 20, "d": 10}, {"a": ["HARD"] * 4, "b": ["EASY"], "c": ["HARD"] * 2, "d": []})
    assert found is not None
    assert sorted(found.sizes.tolist()) == [50, 60]
    assert found.weights.sum() == pytest.approx(110)


@pytest.mark.parametrize("verdicts", [[], ["HARD"]])
def test_fewer_than_two_labels_are_no_sample(verdicts: list[str]) -> None:
    assert made({"a": 10}, {"a": verdicts}) is None


def test_stale_labels_and_labels_of_other_probes_do_not_enter() -> None:
    strata = [Stratum("a", 10, 3, 10, 100)]
    items = [Item(at, f"p{at}", "d", "a", 0.3) for at in (1, 2, 3)]
    labels = [label("p1", "HARD"), label("p2", "EASY"), label("p3", "STALE", source="stale"), label("p9", "EASY")]
    found = estimate.sample(strata=strata, items=items, labels=labels)
    assert found is not None
    assert found.human.tolist() == ["HARD", "EASY"]


def test_shares_by_score_take_the_labels_of_their_own_bin() -> None:
    strata = [Stratum("", 100, 6, 90, 4500)]
    scores = [0, 19, 20, 100, 80, None]
    items = [Item(at, f"p{at}", "d", "", 0.06) for at in range(6)]
    labels = [label(f"p{at}", "HARD" if at in (0, 3) else "EASY", score=score) for at, score in enumerate(scores)]
    found = estimate.sample(strata=strata, items=items, labels=labels)
    assert found is not None
    shares = estimate.human_hard_by_score(found, starts=STARTS)
    assert {number: (each.value, each.labels) for number, each in shares.items()} == {
        0: (0.5, 2),
        1: (0, 1),
        4: (0.5, 2),
    }


def test_the_assisted_share_of_one_stratum_by_hand() -> None:
    # y = 1 1 0 0, f = 1 - score/100 = .9 .7 .3 .1; cov(y, f) = .6/3, var(f) = .4/3, lambda = 1.5;
    # rest = y - 1.5 f = -.35 -.05 -.45 -.15, mean -.25; mean f over all 1000 = .6: theta = 1.5 * .6 - .25 = .65
    strata = [Stratum("", 1000, 4, 1000, 40_000)]
    items = [Item(at, f"p{at}", "d", "", 0.004) for at in range(4)]
    labels = [label(f"p{at}", verdict, score=score) for at, (verdict, score) in enumerate(
        [("HARD", 10), ("HARD", 30), ("EASY", 70), ("EASY", 90)]
    )]  # fmt: skip
    found = estimate.sample(strata=strata, items=items, labels=labels)
    assert found is not None
    assisted = estimate.assisted_hard(found)
    assert assisted.value == pytest.approx(0.65)
    assert assisted.gain == pytest.approx((1 / 3) / (0.1 / 3))  # var(y) over var(rest)


class World:
    """A build with known verdicts: score bins as on the dataset card, HARD the rarer the higher the score."""

    def __init__(self, rng: np.random.Generator, *, probes: int, profile: list[float]) -> None:
        self.rng = rng
        self.bin = rng.choice(5, probes, p=[0.177, 0.241, 0.137, 0.276, 0.169])
        self.score = self.bin * 20 + rng.integers(0, 20, probes)
        self.hard = rng.random(probes) < np.array(profile)[self.bin]
        self.truth = float(self.hard.mean())

    def sample(self, size: int, *, stratified: bool) -> Sample:
        """Draw a queue and label all of it."""
        stratum = self.bin if stratified else np.zeros_like(self.bin)
        members = {str(at): np.flatnonzero(stratum == at) for at in np.unique(stratum)}
        drawn = allocate({name: len(own) for name, own in members.items()}, size)
        strata = [
            Stratum(name, len(own), drawn[name], len(own), int(self.score[own].sum())) for name, own in members.items()
        ]
        items, labels = [], []
        for name, own in members.items():
            for at in self.rng.choice(own, drawn[name], replace=False):
                items.append(Item(len(items) + 1, str(at), "d", name, drawn[name] / len(own)))
                labels.append(label(str(at), "HARD" if self.hard[at] else "EASY", score=int(self.score[at])))
        found = estimate.sample(strata=strata, items=items, labels=labels)
        assert found is not None
        return found


@pytest.mark.parametrize("profile", [[0.97, 0.88, 0.6, 0.25, 0.05], [0.05, 0.02, 0.02, 0.01, 0.0]])
@pytest.mark.parametrize("stratified", [True, False])
def test_intervals_cover_the_truth_and_estimates_are_unbiased(profile: list[float], stratified: bool) -> None:
    world = World(np.random.default_rng(17), probes=5000, profile=profile)
    plain, assisted = [], []
    for _ in range(250):
        found = world.sample(150, stratified=stratified)
        plain.append(estimate.human_hard(found))
        assisted.append(estimate.assisted_hard(found))
    for estimates in (plain, assisted):
        covered = sum(each is not None and each.low <= world.truth <= each.high for each in estimates)
        values = [each.value for each in estimates if each]
        assert 225 <= covered <= 250  # binomial(250, 0.95): 237 +- 3.4
        assert np.mean(values) == pytest.approx(world.truth, abs=4 * np.std(values) / 250**0.5 + 1e-9)


def test_the_gain_is_how_many_labels_the_scores_replace() -> None:
    world = World(np.random.default_rng(23), probes=20_000, profile=[0.97, 0.88, 0.6, 0.25, 0.05])
    found = [world.sample(200, stratified=False) for _ in range(200)]
    plain = np.var([each.value for sample in found if (each := estimate.human_hard(sample))])
    assisted = [estimate.assisted_hard(sample) for sample in found]
    gain = float(np.mean([each.gain for each in assisted]))
    assert gain > 1.5
    assert plain / np.var([each.value for each in assisted]) == pytest.approx(gain, rel=0.3)
