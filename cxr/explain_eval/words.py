"""What is said of a map, in plain text: on a page, under a picture, on the command line."""

from __future__ import annotations

from math import isnan

import numpy as np
from numpy.typing import NDArray

from ..model.lungs import Probability
from .deletion import EMPTY, UNTESTABLE, Faithfulness
from .localisation import AgainstBoxes, in_lungs
from .weight_randomisation import Sanity

CAVEAT = "What moved the network, not where disease is."


def faithful(tested: Faithfulness, label: str) -> str:
    """The word, and why."""
    if tested.word == EMPTY:
        return "Test: the map is empty, there is nothing to test."
    if tested.word == UNTESTABLE:
        return (
            f"Test: {UNTESTABLE}. The network gives a mere blur of the film as much {label}, so "
            "that nothing on the film speaks for it."
        )
    own, centre = _number(tested.own.gain), _number(tested.centre.gain)
    return (
        f"Test: {tested.word}. Its places put back, against taken away, bring {own} of the score; "
        f"a map of nothing but the centre {centre}; noise does as well {_percent(tested.chance)} "
        "of the time."
    )


def lung_share(values: NDArray[np.float32], probability: Probability) -> str:
    """How much of a map lies in the lungs; "" for one that says nothing for its class."""
    found = in_lungs(values, probability)
    if isnan(found.share):
        return ""
    share, area = _percent(found.share), _percent(found.area)
    return f"Lungs: {share} of the map lies in them; they are {area} of the film."


def twins(found: Sanity) -> str:
    """Whether a map depends on what the network has learnt."""
    likeness = f"SSIM {_number(found.ssim)}, rank {_number(found.rank)}"
    return f"Shuffled weights: the map {found.word} ({likeness} to the maps of shuffled twins)."


def boxes(found: AgainstBoxes) -> str:
    """A map against radiologists' boxes."""
    inside, area = _percent(found.inside), _percent(found.area)
    return (
        f"highest point in {'a' if found.hit else 'no'} box; overlap {_number(found.overlap)}; "
        f"{inside} of the map lies in the boxes, which are {area} of the film."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(value: float) -> str:
    """Two decimals, no leading nought: ``.26``, ``-.03``, ``1.00``. ASCII, see ``overlay.Kind``."""
    text = f"{value:.2f}".replace("0.", ".", 1)
    return ".00" if text == "-.00" else text
