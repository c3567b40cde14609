"""What is said of a map, in plain text: on a page, under a picture, on the command line."""

from __future__ import annotations

from math import isnan

import numpy as np
from numpy.typing import NDArray

from ..model.lungs import Probability
from .deletion import EMPTY, FAITHFUL, UNTESTABLE, WEAK, Faithfulness
from .localisation import AgainstBoxes, in_lungs
from .weight_randomisation import Sanity

CAVEAT = "What moved the network, not where disease is."


def faithful(tested: Faithfulness, label: str) -> str:
    """The word, in a line."""
    if tested.word == EMPTY:
        return "Test: the map is empty, there is nothing to test."
    if tested.word == UNTESTABLE:
        return f"Test: {UNTESTABLE}: a mere blur of the film scores as much {label}."
    meant = {
        FAITHFUL: "the score hangs on the places that the map marks",
        WEAK: "the score hangs on the places that the map marks, but little",
    }.get(tested.word, "the score hangs as much on places drawn at random")
    return f"Test: {tested.word}: {meant}."


def faithful_why(tested: Faithfulness) -> str:
    """What that was measured by; "" where there was nothing to measure."""
    if tested.word in (EMPTY, UNTESTABLE):
        return ""
    own, centre = _number(tested.own.gain), _number(tested.centre.gain)
    return (
        "The places are taken from the film, the strongest first, and put back the same way. On "
        f"average the score is {own} higher while they come back than while they go; for the "
        f"film's centre {centre}; noise does as well {_percent(tested.chance)} of the time."
    )


def lung_share(values: NDArray[np.float32], probability: Probability) -> str:
    """How much of a map lies in the lungs; "" for one that says nothing for its class."""
    found = in_lungs(values, probability)
    if isnan(found.share):
        return ""
    share, area = _percent(found.share), _percent(found.area)
    return f"Lungs: {share} of the map lies in them; they are {area} of the film."


def randomisation(found: Sanity) -> str:
    """Whether a map depends on what the network has learnt."""
    return f"Shuffled weights: the map {found.word}."


def randomisation_why(found: Sanity) -> str:
    """What that was measured by."""
    return (
        "How like the map is to those of the same network with its weights shuffled, of 1: in "
        f"shape (SSIM) {_number(found.ssim)}, in the order of its places {_number(found.rank)}."
    )


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
