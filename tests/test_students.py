"""The committed foreign networks that tests adopt, and the script that made them."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest
from bundles.make_students import HEADS, STUDENTS, margins, taught
from traindata import make_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data") / "films")


@pytest.mark.parametrize("head", HEADS)
def test_the_committed_networks_are_far_from_every_doubt(head: str, data: Path) -> None:
    network = keras.saving.load_model(STUDENTS / f"{head}.keras", compile=False)
    assert margins(network, data).min() > 2


def test_one_brings_the_state_of_its_training_along() -> None:
    network = keras.saving.load_model(STUDENTS / "averaged.keras")
    assert int(network.optimizer.iterations) > 0


def test_their_script_still_makes_one_that_learns(data: Path) -> None:
    """A short training gets all right, by a log-odds of 8; by chance it would be half of them."""
    assert (margins(taught(data, "averaged", epochs=10), data) > 0).mean() > 0.8
