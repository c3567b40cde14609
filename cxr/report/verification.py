"""Work a report out again and name what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CxrError, ReportError
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from ..model.site_head import Site
from ..notice import NOTICE
from ..screening import words
from ..screening.assess import Source, assess, film_of
from ..screening.standing import Standing
from . import pictures
from .record import Report, answer, shown_sha256

TOLERANCE = 0.001
"""Of a probability: another processor adds in another order, and rounds otherwise."""
_CHECK_SHARE = 0.01
"""Of a check's score or of a map's scale."""


@dataclass(frozen=True)
class Verification:
    """What came of it.

    Attributes
    ----------
    differences : tuple of str
        Sentences; none: the report is confirmed.
    worst : float
        The largest difference of a probability, 0 to 1; NaN where there are not two to compare.
    """

    differences: tuple[str, ...]
    worst: float

    @property
    def confirmed(self) -> bool:
        return not self.differences


def verify(
    report: Report,
    source: Source | None = None,
    models: Sequence[Classifier] = (),
    sites: Sequence[Site] = (),
) -> Verification:
    """Read, check, score and explain a report's film again, and hold all of it against the report.

    Parameters
    ----------
    report : Report
    source : path, bytes or Radiograph, optional
        The film; without it the one within the report.
    models : sequence of Classifier
        The network is looked for among these; by default the one that is shipped. Where it is not
        there the first is taken, and that is a difference.
    sites : sequence of hospital profiles
        The same of the profile.

    Raises
    ------
    ReportError
        ``no_film``: none is given and the report holds none; ``bad_report``.
    CxrError
        The film cannot be read.
    """
    try:
        return _verified(report.content, source, models, sites)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        raise ReportError(
            "bad_report", "This file is no report of a film. Take the .json file."
        ) from None


def _verified(
    held: Mapping[str, Any],
    source: Source | None,
    models: Sequence[Classifier],
    sites: Sequence[Site],
) -> Verification:
    film = _film(held["film"], source)
    said = [*_film_differs(held["film"], film)]
    model = _model(held["network"]["sha256"], models)
    if model.bundle.digest != held["network"]["sha256"]:
        said.append(
            f"Another network: the report’s is {_short(held['network']['sha256'])}, this one is "
            f"{_short(model.bundle.digest)}."
        )
    elif model.bundle.temperature != held["network"]["temperature"]:
        said.append(
            "The network is calibrated otherwise: the report’s temperature is "
            f"{held['network']['temperature']:.4f}, this one’s {model.bundle.temperature:.4f}."
        )
    model, about = _at(model, held["hospital"], sites)
    said += about
    found = assess(film, model)
    chosen = {k: v["value"] for k, v in held["thresholds"].items() if v["of"] == "session"}
    now = answer(found, model, chosen, held["known_hospital"])
    worst = float("nan")
    if held["scores"] and now["scores"]:
        worst = _worst(held["scores"]["probabilities"], now["scores"]["probabilities"])
    said += [
        *_refusal_differs(held["refusal"], now["refusal"]),
        *_checks_differ(held["checks"], now["checks"]),
        *_scores_differ(held["scores"], now["scores"], worst),
        *_decisions_differ(held, now),
        *_words_differ(held, now),
    ]
    if held["map"] and found.prediction and held["map"]["label"] in model.labels:
        said += _map_differs(
            held["map"],
            pictures.map_of(found, model, held["map"]["label"], held["map"]["method"], False),
        )
    return Verification(tuple(said), worst)


def _film(held: Mapping[str, Any], source: Source | None) -> Radiograph:
    if source is not None:
        return film_of(source)
    if not held["whole"]:
        raise ReportError(
            "no_film", "This report holds no film at its full size. Give the film: --film FILE."
        )
    # The rest of what the file said of the film, as the report holds it: checks go by its age.
    shown = pictures.film_of(held["whole"])
    return Radiograph(shown, 8, held["sha256"], held["format"], age_years=held["age_years"])


def _film_differs(held: Mapping[str, Any], film: Radiograph) -> Iterator[str]:
    if shown_sha256(film) != held["shown_sha256"]:
        height, width = film.pixels.shape
        size = f"{held['width']} × {held['height']} pixels"
        here = f"{width} × {height}"
        same = " of the same size" if (height, width) == (held["height"], held["width"]) else ""
        yield f"Another film{same or f': the report’s has {size}, this one {here}'}."
    elif film.sha256 != held["sha256"]:
        yield (
            f"The same film in another file: the report’s is {_short(held['sha256'])}, this one is "
            f"{_short(film.sha256)}."
        )


def _model(wanted: str, models: Sequence[Classifier]) -> Classifier:
    from ..model.classifier import load

    known = list(models) or [load()]
    return next((each for each in known if each.bundle.digest == wanted), known[0])


def _at(
    model: Classifier, held: Mapping[str, Any] | None, sites: Sequence[Site]
) -> tuple[Classifier, list[str]]:
    """The model at the report's hospital, and what is wrong with that."""
    if held is None:
        return model.at(None), []
    same = next((site for site in sites if site.identity == held["sha256"]), None)
    named = next((site for site in sites if site.name == held["name"]), None)
    about = []
    if same is None and named is None:
        about = [
            f"The hospital profile {held['name']} ({_short(held['sha256'])}) is not here; compared "
            "with the network as shipped."
        ]
    elif same is None and named is not None:
        about = [
            f"Another version of the hospital profile {held['name']}: the report’s is "
            f"{_short(held['sha256'])}, this one is {_short(named.identity)}."
        ]
    try:
        return model.at(same or named), about
    except CxrError:
        return model.at(None), [*about, "The hospital profile does not fit the network."]


def _short(digest: str) -> str:
    return digest[:12]


def _worst(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    if set(before) != set(now):
        return float("nan")
    return max(abs(before[label] - now[label]) for label in before)


def _refusal_differs(
    before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> Iterator[str]:
    codes = [refusal["code"] if refusal else "scored" for refusal in (before, now)]
    if codes[0] != codes[1]:
        yield f"The report’s film: {codes[0]}. Now: {codes[1]}."


def _checks_differ(
    before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> Iterator[str]:
    then, here = (
        {each["code"]: each for each in (checks or {}).get("findings", ())}
        for checks in (before, now)
    )
    for code in dict.fromkeys([*then, *here]):
        name = code.replace("_", " ")
        if code not in here or code not in then:
            yield f"Input check {name}: done {'then' if code in then else 'now'} alone."
            continue
        old, new = then[code], here[code]
        if old["limit"] != new["limit"]:
            yield f"Input check {name}: limit {old['limit']:.4g} then, {new['limit']:.4g} now."
        near = _CHECK_SHARE * max(1.0, abs(old["score"]))
        if abs(old["score"] - new["score"]) > near or old["flagged"] != new["flagged"]:
            yield f"Input check {name}: {old['score']:.4g} then, {new['score']:.4g} now."


def _scores_differ(
    before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, worst: float
) -> Iterator[str]:
    if not before or not now:
        return
    if np.isnan(worst):
        classes = ", ".join(before["probabilities"])
        yield f"Other classes: {classes} then, {', '.join(now['probabilities'])} now."
    elif worst > TOLERANCE:
        for label, p in before["probabilities"].items():
            new = now["probabilities"][label]
            if abs(p - new) > TOLERANCE:
                yield f"Score of {label}: {p:.4f} then, {new:.4f} now, {new - p:+.4f}."


def _decisions_differ(held: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if not held["scores"] or not now["scores"]:
        return
    if held["scores"]["label"] != now["scores"]["label"]:
        yield f"Class: {held['scores']['label']} then, {now['scores']['label']} now."
    if held["sets"] != now["sets"]:
        yield "The set of classes that are not ruled out is another."
    for label in dict.fromkeys([*held["thresholds"], *now["thresholds"]]):
        old, new = (each["thresholds"].get(label) for each in (held, now))
        if not old or not new or old != new:
            yield f"The threshold of {label} is another, or the film lies on its other side."
    stands = [(each["standing"] or {}) for each in (held, now)]
    if [s.get("threshold") for s in stands] != [stands[0].get("threshold")] * 2:
        yield "The hospital’s threshold is another."
    elif stands[0].get("called") != stands[1].get("called"):
        yield "The film lies on the other side of the hospital’s threshold."


def _words_differ(held: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What stands on the page beside the figures: somebody may have changed that alone."""
    if held["notice"] != NOTICE:
        yield "The notice is another."
    for name in ("network", "hospital"):
        old, new = held[name], now[name]
        if name == "hospital" and old and new:
            old = {"doubt": new["doubt"], **old}  # reports of before it was said
        if old and new and old["sha256"] == new["sha256"] and old != new:
            yield f"What the report says of the {name} is another."
    old, new = held["standing"], now["standing"]
    if not old or not new:
        if old or new:
            yield "Where the film stands is said then or now alone."
        return
    numbers = ("log_odds", "below_negatives", "below_positives")
    pairs = [(old[name], new[name]) for name in numbers]
    said = {k: v for k, v in old.items() if k not in ("called", "headline", "reading")}
    values: dict[str, Any] = {
        k: float("nan") if v is None and k in numbers else v for k, v in said.items()
    }
    told = Standing(**values)
    if any((a is None) != (b is None) for a, b in pairs) or any(
        abs(a - b) > _CHECK_SHARE * max(1.0, abs(b)) for a, b in pairs if a is not None
    ):
        yield "Where the film stands is another."
    elif (words.headline(told), words.reading(told)) != (old["headline"], old["reading"]):
        yield "What is said of where the film stands is another."


def _map_differs(before: Mapping[str, Any], now: Mapping[str, Any] | None) -> Iterator[str]:
    title = f"{before['title']} of {before['label']}"
    if now is None:
        yield f"The map ({title}) cannot be made here."
        return
    apart = float(np.abs(np.array(before["grid"]) - np.array(now["grid"])).max())
    if apart > _CHECK_SHARE * max(now["scale"], float(np.abs(now["grid"]).max())):
        yield f"The map ({title}) is another, by {apart:.3g} {before['unit']}."
