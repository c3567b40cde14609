"""A report in words, as it stands on the page: the same for HTML and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..explain import overlay
from ..formatting import called_means, exact, percent, score
from ..screening.words import NO_LABEL, NOT_RULED_OUT, UNPLACED, UNPLACED_WHY
from .record import Report

LONGEST_NOTE = 700
"""Letters of a reader's note that the page has room for."""


@dataclass(frozen=True)
class Picture:
    """A picture over its title; a map's colours below it, with five values and their unit."""

    title: str
    address: str
    width: int
    height: int
    bar: str = ""
    marks: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Bar:
    """One class: its score as text and as a share of the bar, and where its threshold lies."""

    label: str
    meaning: str
    said: str
    share: float
    mark: float | None
    called: bool


@dataclass(frozen=True)
class Page:
    """What stands on the page, from above.

    Attributes
    ----------
    title, made, patient, notice : str
    first : tuple of str
        What outranks the scores: why the film was refused, or that it is outside.
    pictures : tuple of Picture
    map_said : tuple of str
    headline, reading : str
        Where the film lies; "" where nothing says.
    bars : tuple of Bar
    scores_said, checks_said : tuple of str
    worth : tuple of (str, str, str)
        What, value, of which films.
    caveat : str
    verdict, note : str
    facts : tuple of (str, str)
        What all of it came from.
    """

    title: str
    made: str
    patient: str
    notice: str
    first: tuple[str, ...]
    pictures: tuple[Picture, ...]
    map_said: tuple[str, ...]
    headline: str
    reading: str
    bars: tuple[Bar, ...]
    scores_said: tuple[str, ...]
    checks_said: tuple[str, ...]
    worth: tuple[tuple[str, str, str], ...]
    caveat: str
    verdict: str
    note: str
    facts: tuple[tuple[str, str], ...]


def page_of(report: Report) -> Page:
    """Put a report into words."""
    held = report.content
    stands = held["standing"] or _unplaced(held)
    scores = held["scores"]
    return Page(
        title="Report of a chest film",
        made=_time(held["made"]),
        patient=held["patient"],
        notice=held["notice"],
        first=tuple(_first(held)),
        pictures=tuple(_pictures(held)),
        map_said=tuple(held["map"]["said"]) if held["map"] else (),
        headline=stands.get("headline", ""),
        reading=stands.get("reading", ""),
        bars=tuple(_bars(held)) if scores else (),
        scores_said=tuple(_scores_said(held)) if scores else (),
        checks_said=tuple(_checks_said(held["checks"])),
        worth=tuple((what, value, of) for what, value, of in held["network"]["worth"]),
        caveat=held["network"]["caveat"],
        verdict=_verdict(held["verdict"] or {}),
        note=_note(held["verdict"] or {}),
        facts=tuple(_facts(report)),
    )


def _unplaced(held: Mapping[str, Any]) -> dict[str, str]:
    """What stands in place of a standing that nothing gives; a film that was refused has none, nor
    has one of a hospital that the model knows, or one that the reader's own thresholds judge."""
    if held["scores"] is None or held["known_hospital"] or _by_reader(held):
        return {}
    return {"headline": UNPLACED, "reading": UNPLACED_WHY}


def _time(text: str) -> str:
    """``2026-11-28 16:20 UTC``."""
    return f"{text[:10]} {text[11:16]} UTC"


def _first(held: Mapping[str, Any]) -> Iterator[str]:
    if held["refusal"]:
        yield f"No score: {held['refusal']['message']}"
    elif held["checks"]:
        for each in held["checks"]["findings"]:
            if each["code"] == "outside" and each["flagged"]:
                yield f"{each['said']} Do not rely on these scores."


def _pictures(held: Mapping[str, Any]) -> Iterator[Picture]:
    film, drawn = held["film"], held["map"]
    yield Picture("Film", film["picture"], film["width"], film["height"])
    if drawn:
        low, high = (-drawn["scale"] if drawn["signed"] else 0.0), drawn["scale"]
        marks = tuple(f"{low + (high - low) * i / 4:.3g}".replace("-", "−") for i in range(5))
        title = overlay.caption_title(drawn["method"], drawn["label"])
        size = film["width"], film["height"]
        yield Picture(title, drawn["picture"], *size, drawn["bar"], marks, drawn["unit"])


def _bars(held: Mapping[str, Any]) -> Iterator[Bar]:
    labels, call = held["network"]["labels"], _call(held)
    for label, p in held["scores"]["probabilities"].items():
        point = held["thresholds"].get(label)
        mark = float(point["value"]) if point else None
        yield Bar(label, called_means(label, labels), score(p), p, mark, label == call)


def _call(held: Mapping[str, Any]) -> str:
    """The label that the film is called, "" where none is: of what the record kept, as
    :func:`cxr.screening.standing.said_of` has it of a film."""
    stands = held["standing"]
    if _by_reader(held):
        return ""  # the reader's own thresholds are said below the bars
    if stands is None:
        return str(held["scores"]["label"]) if held["known_hospital"] else ""
    if stands["called"] is None:
        return ""
    if stands["called"]:
        return str(stands["positive"])
    scores: Mapping[str, float] = held["scores"]["probabilities"]
    others = [label for label in scores if label != stands["positive"]]
    return max(others, key=lambda label: scores[label])


def _by_reader(held: Mapping[str, Any]) -> bool:
    return any(point["of"] == "session" for point in held["thresholds"].values())


def _scores_said(held: Mapping[str, Any]) -> Iterator[str]:
    if held["hospital"]:
        yield f"{held['hospital']['said']} {held['hospital'].get('doubt', '')}".rstrip()
        return
    for label, point in held["thresholds"].items():
        if point["of"] == "network":
            yield point["said"]
        else:
            side = "above" if point["above"] else "below"
            yield f"{label} is {side} the threshold {exact(point['value'])} of the session."
    sets = [
        f"Not ruled out at {percent(share)}: {', '.join(labels) or NO_LABEL}."
        for share, labels in held["sets"].items()
    ]
    if sets:
        yield " ".join([*sets, NOT_RULED_OUT])


def _checks_said(checks: Mapping[str, Any] | None) -> Iterator[str]:
    if checks is None:
        return
    flagged = [each for each in checks["findings"] if each["flagged"]]
    for each in flagged:
        if each["code"] != "outside":  # that stands first
            yield f"{each['said']} {each['done'].capitalize()}."
    passed = [each["code"].replace("_", " ") for each in checks["findings"] if not each["flagged"]]
    if passed:
        yield f"Checked and not flagged: {', '.join(passed)}."
    yield from checks["unchecked"]


def _verdict(verdict: Mapping[str, Any]) -> str:
    """``T, by A. Reader, 2026-11-28 16:20 UTC``."""
    parts = [
        verdict.get("said", ""),
        f"by {verdict['reader']}" if verdict.get("reader") else "",
        _time(verdict["time"]) if verdict.get("time") else "",
    ]
    return ", ".join(part for part in parts if part)


def _note(verdict: Mapping[str, Any]) -> str:
    note = " ".join(str(verdict.get("note", "")).split())  # a line each would push the foot off
    if len(note) <= LONGEST_NOTE:
        return note
    return f"{note[:LONGEST_NOTE].rsplit(maxsplit=1)[0]} … (the whole note is in the JSON file)"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    held = report.content
    film, network, site = held["film"], held["network"], held["hospital"]
    told = [f"{film['width']:,} × {film['height']:,} pixels", film["format"]]
    told += [f"{film['bits']} bits", *([film["view"]] if film["view"] else [])]
    if film["spacing_mm"]:
        told.append(f"{film['spacing_mm'][0]:.3g} mm a pixel")
    yield "Film", ", ".join([*told, *film["notes"]])
    yield "sha256 of its file", film["sha256"]
    yield "Network", f"{network['name']}, {network['created']}, {network['sha256']}"
    yield "Hospital profile", f"{site['name']}, {site['sha256']}" if site else "none"
    if held["standing"] and held["standing"]["threshold"] is not None:
        yield "Threshold", f"log-odds {held['standing']['threshold']:+.3f}".replace("-", "−")
    if held["log_head"]:
        yield "Head of the audit log", held["log_head"]
    yield "This report", report.sha256
