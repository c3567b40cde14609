"""Whether a foreign network's outputs are in the order that was said, and tell labels apart."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from cxr.errors import BundleError
from train.export import label_order
from train.export.label_order import Try


def told(classes: int, sure: float = 3.0, films: int = 120, seed: int = 0) -> Try:
    """A network that is mostly right."""
    rng = np.random.default_rng(seed)
    truth = np.arange(films) % classes
    return Try(rng.normal(0, 1, (films, classes)) + sure * np.eye(classes)[truth], truth)


def outputs(found: Try, places: tuple[int, ...]) -> Try:
    """The same with other outputs: label k's is `places[k]`."""
    logits: NDArray[np.float64] = np.empty_like(found.logits)
    logits[:, list(places)] = found.logits
    return Try(logits, found.truth)


NAMES = {"n": "N", "P": "P", "T": "T", "TB": "T"}


@pytest.mark.parametrize("places", permutations(range(3)))
def test_another_order_is_refused_and_the_right_one_named(places: tuple[int, ...]) -> None:
    tries = {"unit": outputs(told(3), places)}
    if places == (0, 1, 2):
        label_order.check(tries, NAMES)
        return
    with pytest.raises(BundleError) as caught:
        label_order.check(tries, NAMES)
    assert caught.value.code == "other_order"
    parts = {"N": "n=N", "P": "P", "T": "T,TB=T"}
    fits = ["NPT"[places.index(output)] for output in range(3)]
    assert f"say --labels {','.join(parts[label] for label in fits)};" in caught.value.message


def test_two_labels_the_wrong_way_round_are_refused_whatever_the_scaling() -> None:
    """The scaling that hides it best is not the network's own."""
    blind = Try(np.zeros((120, 2)), told(2).truth)
    tries = {"none": blind, "unit": outputs(told(2), (1, 0)), "torch": told(2, sure=0)}
    with pytest.raises(BundleError, match="say --labels P,N;"):
        label_order.check(tries, {"N": "N", "P": "P"})
    label_order.check({**tries, "symmetric": told(2)}, {"N": "N", "P": "P"})


def test_the_wrong_way_round_is_seen_where_every_film_is_called_the_same() -> None:
    found = outputs(told(2), (1, 0))
    found.logits[:, 0] += 50
    with pytest.raises(BundleError, match="say --labels P,N;"):
        label_order.check({"unit": found}, {"N": "N", "P": "P"})
    right = told(2)
    right.logits[:, 0] += 50
    label_order.check({"unit": right}, {"N": "N", "P": "P"})
    assert label_order.warnings(right, ("N", "P"))[0].startswith("No film of val is called P")


@pytest.mark.parametrize("seed", range(5))
def test_an_order_that_is_better_by_chance_is_not_named(seed: int) -> None:
    label_order.check({"unit": told(3, sure=0, seed=seed)}, NAMES)
    label_order.check({"unit": outputs(told(2, films=6), (1, 0))}, {"N": "N", "P": "P"})


def test_what_is_not_told_apart_is_said_by_label() -> None:
    assert label_order.warnings(told(3), ("N", "P", "T")) == []
    blind = label_order.warnings(told(2, sure=0), ("N", "P"))
    assert [line.partition(":")[0] for line in blind[:2]] == [
        "N is not told from the others",
        "P is not told from the others",
    ]


@pytest.mark.parametrize("value", [0.0, 1e6])
def test_a_network_that_says_one_thing_of_all_films_is_said_to(value: float) -> None:
    same = Try(np.full((40, 2), value), told(2, films=40).truth)
    found = label_order.warnings(same, ("N", "P"))
    assert [line.partition(" on ")[0] for line in found[:2]] == [
        f"{label} is not told from the others: AUROC 0.50" for label in "NP"
    ]
    label_order.check({"none": same}, {"N": "N", "P": "P"})


def test_a_temperature_at_its_bound_is_said() -> None:
    found = label_order.warnings(outputs(told(2), (1, 0)), ("N", "P"))
    assert "No temperature calibrates it" in found[-1]
