"""A hospital profile: what makes a network's scores right where the film was taken.

One JSON file with its own sha256: arrays as base64 of float32, no pickle; no film, no file's name,
no patient. It is bound to one network and its preprocessing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SiteError
from ..model.site_head import SiteHead

FORMAT = 1
KINDS = ("threshold", "head", "aligned")
MOST_BYTES = 5_000_000
LONGEST_NAME = 60
_FIGURES = ("shipped_area", "head_area", "gain", "sensitivity", "specificity", "called_shipped")
"""Of a report: a value with its interval."""
_ARRAYS = ("negatives", "positives", "weights", "offset", "seen")


@dataclass(frozen=True, eq=False)
class Profile:
    """What was fitted on one hospital's films, for one network.

    Attributes
    ----------
    name : str
        As the person called the hospital.
    created : str
        Date and time, ISO 8601.
    network : str
        The bundle's digest.
    preprocessing : mapping
    labels : tuple of str
        Of the network, in the order of its logits.
    positive, negative : str
        The two labels that it tells apart.
    kind : {"threshold", "head", "aligned"}
        A threshold alone; a head fitted on films of both labels; the averages' moments moved to
        those of known hospitals.
    threshold : float
        On the log-odds of `positive` against `negative`; a film is called at and above it.
    wanted : mapping
        What the threshold was chosen for: "sensitivity" or "specificity" → share; "share", the
        share of `positive` that was stated of films without labels; "threshold" where it was moved
        by hand.
    films : mapping
        Label → films that it rests on; "" counts those without one.
    report : mapping
        What was measured when it was fitted, see :class:`cxr.site.fitting.fit`.
    negatives, positives : float32 (n,)
        Out-of-fold log-odds of its films, rising.
    seen : float32 (n, d)
        What its films left behind for :mod:`.drift`, negatives first; (0, 0) where nothing
        can be watched.
    head : SiteHead or None
    """

    name: str
    created: str
    network: str
    preprocessing: Mapping[str, Any]
    labels: tuple[str, ...]
    positive: str
    negative: str
    kind: str
    threshold: float
    wanted: Mapping[str, float]
    films: Mapping[str, int]
    report: Mapping[str, Any]
    negatives: NDArray[np.float32]
    positives: NDArray[np.float32]
    seen: NDArray[np.float32]
    head: SiteHead | None = None
    identity: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", _digest(_content(self)))

    @property
    def seen_positive(self) -> NDArray[np.bool_] | None:
        """Which of the films in `seen` are positive, bool (n,); None where nobody said."""
        negatives = self.films.get(self.negative, 0)
        return np.arange(len(self.seen)) >= negatives if negatives else None


def named(text: str) -> str:
    """A name as a profile keeps it: no space at its ends, one between words.

    Raises
    ------
    SiteError
        ``bad_request``: it is none, is too long, or cannot be printed.
    """
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise SiteError(
            "bad_request", f"A profile needs a name of 1 to {LONGEST_NAME} printable characters."
        )
    return name


def now() -> str:
    """For :attr:`Profile.created`: finer than seconds: the newest of a name is found by it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def to_bytes(profile: Profile) -> bytes:
    """The whole file; :func:`from_bytes` reads it."""
    from ..notice import NOTICE

    whole = {
        "format": FORMAT,
        "notice": NOTICE,
        "sha256": profile.identity,
        "profile": _content(profile),
    }
    return (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def from_bytes(data: bytes) -> Profile:
    """Read a profile's file.

    Raises
    ------
    SiteError
        ``bad_profile``: it is none, or holds what none may; ``altered_profile``: its bytes are not
        those that were written; ``profile_format``: another version wrote it.
    """
    if len(data) > MOST_BYTES:
        raise _bad("it is far larger than any profile")
    try:
        whole = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
        if whole["format"] != FORMAT:
            raise SiteError(
                "profile_format",
                f"This hospital profile was written by another version; this one reads format "
                f"{FORMAT}. Fit it anew.",
            )
        content = whole["profile"]
        if _digest(content) != whole["sha256"]:
            raise SiteError(
                "altered_profile",
                "This hospital profile is not as it was written: its bytes were changed. Take a "
                "fresh copy, or fit it anew.",
            )
        return _checked(content)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        binascii.Error,
    ) as error:
        raise _bad(f"{type(error).__name__}: {error}") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _bad(why: str) -> SiteError:
    return SiteError(
        "bad_profile",
        f"This file cannot be used as a hospital profile ({why}). Take the file that was exported.",
    )


def _content(profile: Profile) -> dict[str, Any]:
    head = profile.head
    arrays = {
        "negatives": profile.negatives,
        "positives": profile.positives,
        "seen": profile.seen,
        "weights": np.zeros((0, 0)) if head is None else head.weights,
        "offset": np.zeros(0) if head is None else head.offset,
    }
    return {
        "name": profile.name,
        "created": profile.created,
        "network": profile.network,
        "preprocessing": dict(profile.preprocessing),
        "labels": list(profile.labels),
        "positive": profile.positive,
        "negative": profile.negative,
        "kind": profile.kind,
        "threshold": float(profile.threshold),
        "wanted": dict(profile.wanted),
        "films": dict(profile.films),
        "report": dict(profile.report),
        **{name: _packed(array) for name, array in arrays.items()},
    }


def _packed(array: NDArray[np.floating]) -> dict[str, Any]:
    data = np.ascontiguousarray(array, "<f4")
    return {"shape": list(data.shape), "float32": base64.b64encode(data.tobytes()).decode()}


def _unpacked(packed: Mapping[str, Any], dimensions: int) -> NDArray[np.float32]:
    shape = [int(side) for side in packed["shape"]]
    data = np.frombuffer(base64.b64decode(packed["float32"], validate=True), "<f4")
    if len(shape) != dimensions or min(shape) < 0 or int(np.prod(shape)) != len(data):
        raise ValueError("an array has another size than it says")
    if not np.isfinite(data).all():
        raise ValueError("a number is missing or not finite")
    return data.reshape(shape).astype(np.float32)


def _check_report(report: Mapping[str, Any]) -> None:
    """Refuse a report whose figures cannot be shown."""
    crude, stated = report.get("shortcuts", []), report.get("called_at", [])
    if not all(isinstance(x["what"], str) and isinstance(x["trips"], bool) for x in crude):
        raise ValueError("a shortcut check says nothing")
    figures = [report[name] for name in _FIGURES if name in report]
    figures += [x[name] for x in crude for name in ("area", "behind") if name in x]
    numbers = [each[end] for each in (*figures, *stated) for end in ("value", "low", "high")]
    numbers += [each["share"] for each in stated]
    numbers += [width for line in report.get("more", []) for width in line.values()]
    if not all(isinstance(x, int | float) and np.isfinite(x) for x in numbers):
        raise ValueError("a figure is no number")


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(content: Mapping[str, Any]) -> Profile:
    arrays = {name: _unpacked(content[name], 1 + (name in ("weights", "seen"))) for name in _ARRAYS}
    weights, offset = arrays.pop("weights"), arrays.pop("offset")
    labels = tuple(content["labels"])
    texts = (*labels, content["name"], content["created"], content["network"], content["kind"])
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError("a text is missing")
    if len(content["name"]) > LONGEST_NAME or content["kind"] not in KINDS:
        raise ValueError("a name or a kind that there is none of")
    positive, negative = content["positive"], content["negative"]
    if positive == negative or not {positive, negative} <= set(labels):
        raise ValueError("it tells labels apart that it does not have")
    head = None
    if content["kind"] != "threshold":
        if weights.shape[1] != len(labels) or offset.shape != (len(labels),):
            raise ValueError("its head does not have one column for each label")
        head = SiteHead(weights, offset)
    threshold = float(content["threshold"])
    if not np.isfinite(threshold):
        raise ValueError("a number is missing or not finite")
    _check_report(content["report"])
    return Profile(
        name=content["name"],
        created=content["created"],
        network=content["network"],
        preprocessing=dict(content["preprocessing"]),
        labels=labels,
        positive=positive,
        negative=negative,
        kind=content["kind"],
        threshold=threshold,
        report=content["report"],
        wanted={str(name): float(value) for name, value in content["wanted"].items()},
        films={str(label): int(n) for label, n in content["films"].items()},
        negatives=arrays["negatives"],
        positives=arrays["positives"],
        seen=arrays["seen"],
        head=head,
    )
