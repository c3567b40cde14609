"""Which cases come, and in which order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reviews import verdict

from cxr.manifest import case_of
from cxr.review.entries import standing
from cxr.review.queue import SORTS, QueueFilter, narrowed, queue


def table(rng: np.random.Generator, n: int = 400, labels: str = "NPT") -> pd.DataFrame:
    """Random rows with the columns that queues read."""
    images = [f"images/{i}.jpg" for i in range(n)]

    def categories(values: str | list[str]) -> pd.Categorical:
        return pd.Categorical(rng.choice(list(values), n), categories=list(values))

    return pd.DataFrame(
        {
            "case": [case_of(image) for image in images],
            "image": images,
            "split": categories(["val", "test", "external"]),
            "source": categories("abc"),
            "label": categories(labels),
            "called": categories(labels),
            "margin": rng.random(n),
            "loss": rng.random(n) * 5,
            "display": rng.random(n) > 0.2,
        }
    )


@pytest.mark.parametrize("sort", SORTS)
def test_t_called_n_comes_first_then_n_called_t(rng: np.random.Generator, sort: str) -> None:
    rows = table(rng)
    found = queue(rows, ("N", "P", "T"), QueueFilter("test", sort=sort, shown="all")).rows
    pairs = list(zip(found.label, found.called, strict=True))

    def group(pair: tuple[str, str]) -> int:
        right = 3 if pair[0] == pair[1] else 2
        return {("T", "N"): 0, ("N", "T"): 1}.get(pair, right)

    groups = [group(pair) for pair in pairs]
    assert groups == sorted(groups)
    assert set(groups) == {0, 1, 2, 3}
    assert set(found.split) == {"test"}
    keys = {
        "margin": -found.margin,
        "loss": -found.loss,
        "source": pd.Series(
            list(zip(found.source.astype(str), -found.margin, strict=True)), found.index
        ),
    }
    for number in range(4):
        inside = list(keys[sort][np.array(groups) == number])
        assert inside == sorted(inside)


def test_cases_that_may_not_be_shown_are_passed_over_and_counted(rng: np.random.Generator) -> None:
    rows = table(rng)
    found = queue(rows, ("N", "P", "T"), QueueFilter("val"))
    wrong = rows[(rows.split == "val") & (rows.label != rows.called)]
    assert set(found.rows.case) == set(wrong[wrong.display].case)
    assert found.hidden == (~wrong.display).sum() > 0
    assert found.position(found.rows.case.iloc[5]) == 5
    assert found.position("0" * 12) is None


def test_filters_narrow_the_queue(rng: np.random.Generator) -> None:
    rows, labels = table(rng), ("N", "P", "T")
    for truth, called in (("T", "N"), ("T", "T")):
        found = queue(rows, labels, QueueFilter("test", "a", truth, called)).rows
        assert len(found) > 0
        assert {*zip(found.source, found.label, found.called, strict=True)} == {
            ("a", truth, called)
        }
    assert len(queue(rows, labels, QueueFilter("test", "nowhere")).rows) == 0


def test_other_labels_errors_come_by_loss_alone(rng: np.random.Generator) -> None:
    found = queue(table(rng, labels="AB"), ("A", "B"), QueueFilter("test", sort="margin")).rows
    assert list(found.loss) == sorted(found.loss, reverse=True)
    assert (found.label.astype(str) != found.called.astype(str)).all()


def test_a_blind_queue_tells_nothing(rng: np.random.Generator) -> None:
    rows, labels = table(rng), ("N", "P", "T")
    found = queue(rows, labels, QueueFilter("test", truth="T", called="N", blind=True)).rows
    assert list(found.case) == sorted(found.case)
    everything = queue(rows, labels, QueueFilter("test", blind=True, sort="loss")).rows
    assert list(found.case) == list(everything.case)


def test_a_mixed_queue_holds_as_many_right_calls_and_its_order_does_not_tell_which(
    rng: np.random.Generator,
) -> None:
    rows = table(rng)
    found = queue(rows, ("N", "P", "T"), QueueFilter("test", truth="T", shown="mixed")).rows
    right = found.label.astype(str) == found.called.astype(str)
    here = rows[(rows.split == "test") & (rows.label == "T") & rows.display]
    there = here.label.astype(str) == here.called.astype(str)
    assert 0 < right.sum() == min((~right).sum(), there.sum())
    assert (~right).sum() == (~there).sum()
    assert list(found.case) == sorted(found.case)


def test_a_consensus_ends_a_dispute(rng: np.random.Generator) -> None:
    found = queue(table(rng), ("N", "P", "T"), QueueFilter("test"))
    first, second, third = found.rows.image[:3]
    rows = [verdict("A", first), verdict("B", first, verdict="subtle"), verdict("A", second)]
    rows += [verdict("A", third), verdict("B", third, verdict="unsure")]
    said = standing(rows)
    assert list(narrowed(found, "disputed", said, "A").rows.image) == [first, third]
    agreed = {case_of(third)}
    assert list(narrowed(found, "disputed", said, "A", agreed).rows.image) == [first]
    assert list(narrowed(found, "settled", said, "A", agreed).rows.image) == [third]
