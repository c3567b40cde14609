"""What films that were read under a profile left behind: a line of numbers each, beside the
profile. No film, no name; a film that is read again leaves nothing more."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import SiteError
from ..model.classifier import Classifier
from ..screening.assess import Assessment
from . import drift, store
from .profile import Profile

_BEFORE = 400
"""Films that the log-odds of a window are held against at most."""


def record(model: Classifier, found: Assessment, where: Path | None = None) -> None:
    """Add a film that was assessed by a model at a hospital; nothing if it was refused, if it is
    there already, or if nothing can be written: no reading fails for it."""
    if model.site is None or found.prediction is None or found.film is None:
        return
    maps = found.prediction.features
    if maps is None or found.standing is None:
        return
    odds = np.array([found.standing.log_odds])
    (row,) = drift.numbers(model, maps.mean((0, 1))[None], odds)
    if not len(row):
        return
    salted = f"{model.site.identity} {found.film.sha256}".encode()
    mark = hashlib.sha256(salted).hexdigest()[:12]
    line = json.dumps({"film": mark, "n": [round(float(x), 4) for x in row]})
    with suppress(SiteError):
        store.add_line(model.site.identity, mark, line, where)


def look(profile: Profile, where: Path | None = None) -> drift.DriftFinding:
    """Look at the films that were read under a profile."""
    lines = store.lines(profile.identity, where)
    full = len(lines) // drift.WINDOW * drift.WINDOW
    found = _looked(profile, lines[max(0, full - drift.WINDOW - _BEFORE) : full])
    return replace(found, films=len(lines))


def in_words(found: drift.DriftFinding) -> str:
    """What a look has to say, in a sentence or two."""
    said = f"{found.films} films read under it."
    if "looks" in found.alarms:
        said += (
            f" The last full {drift.WINDOW} no longer look like the films that it was fitted on: "
            "another device or processing, perhaps. Fit it anew."
        )
    if "high" in found.alarms:
        said += (
            f" Of the last full {drift.WINDOW} hardly any scores as low as half of the films that "
            "it was fitted on: most are ill, or the device or processing is another. Fit it anew, "
            "with films of both labels."
        )
    if "share" in found.alarms:
        said += (
            f" The last full {drift.WINDOW} score otherwise than those before: "
            "another mix, perhaps."
        )
    return said


@lru_cache(maxsize=16)  # pages ask at every run
def _looked(profile: Profile, lines: tuple[str, ...]) -> drift.DriftFinding:
    rows = []
    for line in lines:
        try:
            rows.append([float(x) for x in json.loads(line)["n"]])
        except (ValueError, KeyError, TypeError):
            continue  # a line that was cut off
    return drift.look(profile.seen, profile.seen_positive, drift.kept(rows))
