"""Whether this installation works: its networks load unaltered, and drawn films get the scores that
they got where the network was tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from ..errors import CxrError
from ..imaging.reader import read
from ..model.classifier import Classifier
from ..teaching import phantom
from . import assess as spine

KNOWN = Path(__file__).parent / "selftest.json"
"""Network → drawing → label → probability."""
TOLERANCE = 0.005
"""Of a probability: processors round otherwise."""


@dataclass(frozen=True)
class SelftestCheck:
    """One thing that was looked at, whether it is well, and a sentence."""

    name: str
    well: bool
    said: str


def selftest(model: Classifier) -> Iterator[SelftestCheck]:
    """Look at everything; `model` has been loaded, so its files are as their hashes say.

    Raises
    ------
    BundleError
        As of :func:`cxr.screening.assess.assess`.
    """
    bundle = model.bundle
    yield SelftestCheck(
        "network", True, f"{bundle.name}, {bundle.digest[:12]}, is as it was written"
    )
    lungs = spine.shipped_lungs() is not None
    yield SelftestCheck(
        "lungs", lungs, "the network that finds lungs " + ("loads" if lungs else "is gone")
    )
    known = json.loads(KNOWN.read_text(encoding="utf-8")).get(bundle.digest)
    if known is None:
        yield SelftestCheck("scores", True, "of this network nobody kept a drawing’s scores")
        return
    try:
        apart = max(
            abs(p - known[kind][label])
            for kind, found in scores(model).items()
            for label, p in found.items()
        )
    except CxrError as refusal:
        yield SelftestCheck("scores", False, f"a drawn film is refused: {refusal}")
        return
    well = apart <= TOLERANCE
    told = f"drawn films score as known, within {apart:.4f}"
    yield SelftestCheck(
        "scores", well, told if well else f"a drawn film’s score is off by {apart:.4f}"
    )


def scores(model: Classifier) -> dict[str, dict[str, float]]:
    """Each drawing's probabilities, the whole way from a file's bytes on.

    Raises
    ------
    CxrError
        A drawing is refused.
    """
    found = {}
    for kind in phantom.KINDS:
        data = cv2.imencode(".png", phantom.draw(kind))[1].tobytes()
        prediction, _ = spine.assess(read(data), model.at(None)).scored
        found[kind] = prediction.probabilities
    return found


def learn(model: Classifier) -> None:
    """Keep the drawings' scores of a network that is known to be well."""
    kept = json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}
    rounded = {
        kind: {label: round(p, 6) for label, p in found.items()}
        for kind, found in scores(model).items()
    }
    text = json.dumps({**kept, model.bundle.digest: rounded}, indent=1, sort_keys=True)
    KNOWN.write_text(text + "\n", encoding="utf-8")
