"""What a row of the audit log holds. No name of a patient or of a file, and of what a reader typed
the reader's name alone: a verdict's note stands with the verdict, and here the hash of both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from ..model.classifier import Classifier
from ..review.entries import LATER, Entry, utc
from ..screening.assess import Assessment


@dataclass(frozen=True)
class Event:
    """What happened.

    Attributes
    ----------
    kind : str
        "began", "scored", "shown", "left", "verdict", "taken in", "profile", "exported", "ended" or
        "lost".
    session : str
        Drawn for each session of the app; it opens nothing.
    who : str
        As signed in, else as the person said; "" where neither.
    about : mapping
        What each kind's function here tells.
    time : str
    """

    kind: str
    session: str
    who: str
    about: Mapping[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=partial(utc, "microseconds"))

    @property
    def told(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "session": self.session,
            "who": self.who,
            "time": self.time,
            **self.about,
        }


def by(model: Classifier) -> dict[str, Any]:
    """What scores go by."""
    bundle, site = model.bundle, model.site
    return {
        "network": bundle.digest,
        "temperature": bundle.temperature,
        "hospital": site.identity if site else "",
    }


def scored(film: str, model: Classifier, found: Assessment) -> dict[str, Any]:
    """A film was read, checked and scored, or refused.

    Parameters
    ----------
    film : str
        sha256 of its file.
    """
    told: dict[str, Any] = {"film": film, **by(model)}
    if found.checks is not None:
        told["checks"] = {each.code: [each.score, each.limit] for each in found.checks.findings}
        told["flags"] = list(found.checks.flags)
    if found.refusal is not None or found.prediction is None:
        return {**told, "refused": found.refusal.code if found.refusal else ""}
    told["scores"] = found.prediction.probabilities
    told["sets"] = {share: list(labels) for share, labels in found.sets.items()}
    told["thresholds"] = {
        label: float(model.bundle.operating_points[label]["threshold"]) for label in found.above
    }
    if found.standing is not None:
        told["log_odds"] = found.standing.log_odds
        told["hospital_threshold"] = found.standing.threshold
        told["called"] = found.standing.called
    return told


def verdict(entry: Entry) -> dict[str, Any]:
    """A row was kept with the verdicts."""
    held = {k: v for k, v in asdict(entry).items() if v or k not in LATER}  # as rows always were
    whole = json.dumps(held, sort_keys=True, ensure_ascii=True)
    left_out = ("note", "image", "reader", "time", "kind", "hospital", "profile")
    by_profile = {"hospital": entry.profile} if entry.profile else {}  # as :func:`by` has it
    return {
        **{k: v for k, v in asdict(entry).items() if v and k not in left_out},
        **by_profile,
        "entry": entry.kind,
        "sha256": sha256(whole.encode()).hexdigest(),
    }
