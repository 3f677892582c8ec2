"""Shares and intervals against numbers worked out by hand, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from sketch_pix2seq.evaluation.turing.statistics import Vote, VoteTable, outlier_participants


def votes_of(table: np.ndarray) -> list[Vote]:
    """Votes of a table; NaN is no vote."""
    return [
        Vote(f"p{row}", f"s{column}", bool(tag))
        for (row, column), tag in np.ndenumerate(table)
        if not np.isnan(tag)
    ]


def names(table: np.ndarray) -> list[str]:
    return [f"s{column}" for column in range(table.shape[1])]


def test_who_tags_nearly_all_or_nearly_nothing_human_is_left_out() -> None:
    tags = {"all": 10, "nearly": 9, "ten": 1, "nothing": 0, "more": 10}
    votes = [
        Vote(name, f"s{place}", place < human)
        for name, human in tags.items()
        for place in range(11 if name == "more" else 10)
    ]
    assert outlier_participants(votes) == {"all", "nothing", "more"}  # 10 of 11 are more than 90 %
    assert outlier_participants([]) == set()


def test_shares_are_counted_as_by_hand() -> None:
    nan = np.nan
    table = np.array([[1, 0, 1, nan], [1, 1, nan, nan], [0, 0, 0, nan]])
    ballot = VoteTable.of(votes_of(table), names(table))
    share = ballot.share(["s0", "s1", "s2"])
    assert share is not None
    assert share.value == pytest.approx(4 / 8)
    assert ballot.share(["s3"]) is None
    assert ballot.share_of_each() == pytest.approx(
        {"s0": 2 / 3, "s1": 1 / 3, "s2": 1 / 2, "s3": None}
    )
    fewer = ballot.without({"p0"}).share(["s0", "s1"])
    assert fewer is not None
    assert fewer.value == pytest.approx(2 / 4)


def test_a_second_vote_on_the_same_sketch_counts_for_nothing() -> None:
    votes = [Vote("p", "s", True), Vote("p", "s", False), Vote("p", "unknown", False)]
    ballot = VoteTable.of(votes, ["s"])
    assert ballot.cast.sum() == 1
    assert ballot.share_of_each() == {"s": 1.0}


def test_with_one_sketch_it_is_scipys_bootstrap_over_participants(
    rng: np.random.Generator,
) -> None:
    table = (rng.random((80, 1)) < 0.6).astype(float)
    ours = VoteTable.of(votes_of(table), names(table)).share(["s0"])
    theirs = scipy.stats.bootstrap(
        (table[:, 0],), np.mean, method="percentile", n_resamples=5000, rng=rng
    ).confidence_interval
    assert ours is not None
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


def test_intervals_know_that_votes_cluster(rng: np.random.Generator) -> None:
    people, sketches = 40, 30
    biased = np.repeat(rng.random((people, 1)) < 0.5, sketches, axis=1)  # each always says the same
    free = rng.random((people, sketches)) < 0.5
    widths = []
    for table in (biased.astype(float), free.astype(float)):
        share = VoteTable.of(votes_of(table), names(table)).share(names(table))
        assert share is not None
        widths.append(share.high - share.low)
    # by hand: 2 x 1.96 x sqrt(p (1 - p) / 40) = 0.31 where only people differ; three independent
    # parts of p (1 - p) / 1200 make 2 x 1.96 x 0.025 = 0.098 where nothing clusters
    assert widths[0] == pytest.approx(0.31, abs=0.05)
    assert widths[1] == pytest.approx(0.098, abs=0.025)


def test_intervals_cover_the_truth_as_often_as_they_say(rng: np.random.Generator) -> None:
    covered = 0
    for _ in range(60):
        people, sketches = rng.normal(0, 1, (25, 1)), rng.normal(0, 1, (1, 20))
        odds = 1 / (1 + np.exp(-people - sketches))  # symmetric about one half
        table = (rng.random((25, 20)) < odds).astype(float)
        share = VoteTable.of(votes_of(table), names(table)).share(names(table))
        assert share is not None
        covered += share.low <= 0.5 <= share.high
    assert covered >= 53


def test_the_same_seed_gives_the_same_interval(rng: np.random.Generator) -> None:
    table = (rng.random((12, 9)) < 0.5).astype(float)
    ballot = VoteTable.of(votes_of(table), names(table))
    assert ballot.share(names(table), 1) == ballot.share(names(table), 1)
    assert ballot.share(names(table), 1) != ballot.share(names(table), 2)


def test_differences_are_counted_as_by_hand() -> None:
    nan = np.nan
    table = np.array([[1, 0, 1, 1], [1, nan, 0, 0], [1, 1, 1, nan]])
    ballot = VoteTable.of(votes_of(table), names(table))
    found = ballot.difference(["s0", "s2"], ["s1", "s3"])
    assert found is not None
    assert found.value == pytest.approx(5 / 6 - 2 / 4)
    assert found.low <= found.value <= found.high
    same = ballot.difference(["s0", "s2"], ["s0", "s2"])
    assert same is not None
    assert same.value == 0
    assert same.low < 0 < same.high  # three people are too few to be sure
    assert VoteTable.of([], ["a", "b"]).difference(["a"], ["b"]) is None


def test_with_one_pair_the_difference_is_scipys_paired_bootstrap(
    rng: np.random.Generator,
) -> None:
    human = rng.random(80) < 0.5
    redrawn = np.where(rng.random(80) < 0.7, human, rng.random(80) < 0.8)  # they go together
    table = np.stack([human, redrawn], axis=1).astype(float)
    ours = VoteTable.of(votes_of(table), names(table)).difference(["s1"], ["s0"])
    theirs = scipy.stats.bootstrap(
        (table[:, 1], table[:, 0]),
        lambda more, less, axis: more.mean(axis) - less.mean(axis),
        method="percentile",
        paired=True,
        n_resamples=5000,
        rng=rng,
    ).confidence_interval
    assert ours is not None
    assert ours.low == pytest.approx(theirs.low, abs=0.025)
    assert ours.high == pytest.approx(theirs.high, abs=0.025)


def test_differences_know_that_a_redrawing_is_like_its_original(rng: np.random.Generator) -> None:
    likeness = rng.random((1, 30))  # of each pair: some are taken for human by nearly all
    table = (rng.random((40, 60)) < np.repeat(likeness, 2, axis=1)).astype(float)
    ballot = VoteTable.of(votes_of(table), names(table))
    more, less = names(table)[::2], names(table)[1::2]
    together = ballot.difference(more, less)
    apart = ballot.difference(more, less[1:] + less[:1])
    assert together is not None
    assert apart is not None
    assert together.high - together.low < 0.6 * (apart.high - apart.low)


def test_few_votes_that_are_all_alike_are_no_certainty() -> None:
    for people, sketches, count in ((3, 5, 3), (4, 1, 4), (12, 5, 60), (5, 1, 5)):
        table = np.ones((people, sketches))
        share = VoteTable.of(votes_of(table), names(table)).share(names(table))
        theirs = scipy.stats.binomtest(count, count).proportion_ci(method="wilson")
        assert share is not None
        assert (share.value, share.high) == (1.0, 1.0)
        assert share.low == pytest.approx(theirs.low, abs=1e-6)


def test_differences_of_few_votes_are_newcombes() -> None:
    table = np.column_stack([np.ones(6), np.zeros(6)])
    found = VoteTable.of(votes_of(table), names(table)).difference(["s0"], ["s1"])
    assert found is not None
    # by hand: Wilson's interval of 6 of 6 begins at 6 / (6 + 1.96^2) = 0.6097
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(1 - np.hypot(1 - 0.60966, 1 - 0.60966), abs=1e-4)


def test_people_who_voted_on_neither_make_no_difference(rng: np.random.Generator) -> None:
    table = np.full((20, 61), np.nan)
    table[:2, :60] = rng.random((2, 60)) < 0.5
    table[2:, 60] = rng.random(18) < 0.5  # on other sketches
    own, human = names(table)[:30], names(table)[30:60]
    found = VoteTable.of(votes_of(table), names(table)).difference(own, human)
    assert found is not None
    assert found.high - found.low > 1  # Newcombe's interval of two answers is wide


def test_many_votes_keep_the_bootstraps_interval(rng: np.random.Generator) -> None:
    table = (rng.random((40, 30)) < 0.6).astype(float)
    share = VoteTable.of(votes_of(table), names(table)).share(names(table))
    theirs = scipy.stats.binomtest(int(table.sum()), table.size).proportion_ci(method="wilson")
    assert share is not None
    assert share.low < theirs.low and share.high > theirs.high
