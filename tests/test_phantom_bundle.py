"""The committed network that most tests look at, and the script that made it."""

from __future__ import annotations

import numpy as np
from bundles.make import margins, trained
from networks import phantoms

import cxr


def test_the_committed_network_is_far_from_every_doubt(phantom_model: cxr.Classifier) -> None:
    squares, truth = phantoms(100, seed=3)
    logits = phantom_model.squares(squares)
    assert ((logits[:, 1] - logits[:, 0]) * np.where(truth == 1, 1, -1)).min() > 1


def test_its_script_still_makes_one_that_learns() -> None:
    """A short training gets all right, or nearly; by chance it would be half."""
    assert (margins(trained(films=400, epochs=6)) > 0).mean() > 0.6
