"""What a report holds. Every other form of it is drawn from this, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from math import isnan
from typing import Any

from ..errors import ReportError
from ..imaging.radiograph import Radiograph
from ..input_checks import Passport
from ..model.classifier import Classifier
from ..notice import NOTICE
from ..review.entries import LONGEST_NAME, LONGEST_NOTE, clean, tidy, utc
from ..screening import words
from ..screening.assess import Assessment, Source, assess, by_origin
from ..screening.standing import Standing
from . import pictures

FORMAT = 1
MOST_BYTES = 60_000_000
"""Of a report's file: a film at its full size may be part of it."""


@dataclass(frozen=True)
class Verdict:
    """What a reader said of the film.

    Attributes
    ----------
    reader, said, note : str
        Name, verdict in a word or two, and what else; "" where it was not said.
    time : str
        UTC, ISO 8601.
    """

    reader: str = ""
    said: str = ""
    note: str = ""
    time: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """A report of one film.

    Attributes
    ----------
    content : mapping
        What :func:`to_json` writes, without its hash.
    """

    content: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Of the content, 64 hexadecimal digits."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=True, allow_nan=False)
        return sha256(text.encode()).hexdigest()


def make(
    source: Source,
    model: Classifier,
    *,
    label: str | None = None,
    method: str = "gradcam",
    tested: bool = True,
    thresholds: Mapping[str, float] | None = None,
    known_hospital: bool = False,
    verdict: Verdict | None = None,
    patient: str = "",
    with_film: bool = False,
    log_head: str = "",
) -> Report:
    """Read, check and score a film, explain its score, and write down all of it.

    Parameters
    ----------
    source : path, the bytes of a file, or a Radiograph
    model : Classifier
        At a hospital, where there is a profile.
    label : str, optional
        Whose map is shown; by default the film's own class.
    method : str
        Of the map; a network that has no such map gets none.
    tested : bool
        Whether to ask if the map is faithful, which takes some 380 passes.
    thresholds : mapping, optional
        Label → threshold of a session, where it is not the bundle's own.
    known_hospital : bool
        Whether the film is of a hospital that the model knows: sets and the bundle's operating
        points are promises of these alone, and a film's place among films of others is not asked.
    verdict : Verdict, optional
    patient : str
        Name or number, if it is to stand on the report; nothing is taken from the file.
    with_film : bool
        Whether the film is part of the record, as the network was given it and without anything
        else of its file, so that it can be verified from the report alone.
    log_head : str
        Of the audit log, where there is one.

    Returns
    -------
    Report
        Of a refused film too, if it could be read.

    Raises
    ------
    CxrError
        The film cannot be read; or the map cannot be made.
    """
    found = assess(source, model)
    if found.film is None:
        assert found.refusal is not None
        raise found.refusal
    return Report(
        {
            "format": FORMAT,
            "notice": NOTICE,
            "made": utc(),
            "patient": tidy(patient)[:LONGEST_NAME],
            "film": _film(found.film, with_film),
            **answer(found, model, thresholds or {}, known_hospital),
            "map": pictures.map_of(found, model, label, method, tested),
            "verdict": None if verdict is None else asdict(_tidy(verdict)),
            "log_head": log_head,
        }
    )


def _tidy(verdict: Verdict) -> Verdict:
    return replace(
        verdict,
        reader=tidy(verdict.reader)[:LONGEST_NAME],
        said=tidy(verdict.said)[:LONGEST_NAME],
        note=clean(verdict.note)[:LONGEST_NOTE],
    )


def _film(film: Radiograph, whole: bool) -> dict[str, Any]:
    height, width = film.pixels.shape
    return {
        "sha256": film.sha256,
        "shown_sha256": shown_sha256(film),
        "height": height,
        "width": width,
        "format": film.format,
        "bits": film.bits,
        "view": film.view,
        "spacing_mm": film.spacing_mm and list(film.spacing_mm),
        "age_years": film.age_years,
        "notes": list(film.notes),
        "picture": pictures.small(film.eight_bit),
        "whole": pictures.whole(film.eight_bit) if whole else None,
    }


def shown_sha256(film: Radiograph) -> str:
    """Of the film as the network is given it: the same for a copy in another file."""
    height, width = film.pixels.shape
    return sha256(f"{height}x{width}:".encode() + film.eight_bit.tobytes()).hexdigest()


def answer(
    found: Assessment, model: Classifier, thresholds: Mapping[str, float], known_hospital: bool
) -> dict[str, Any]:
    """All that a film, a network and a profile lead to; what :func:`cxr.report.verify` compares."""
    bundle, site = model.bundle, model.site
    found = by_origin(found, model, known_hospital)
    return {
        "known_hospital": known_hospital,
        "network": {
            **bundle.told,
            "worth": [list(row) for row in words.worth(bundle)],
            "caveat": words.caveat(bundle),
        },
        "hospital": None
        if site is None
        else {
            "name": site.name,
            "sha256": site.identity,
            "said": words.profile(site),
            "doubt": words.doubt(site),
        },
        "refusal": found.refusal and {"code": found.refusal.code, "message": found.refusal.message},
        "checks": _checks(found.checks),
        "scores": _scores(found),
        "sets": {share: list(labels) for share, labels in found.sets.items()},
        "thresholds": _thresholds(found, model, thresholds),
        "standing": found.standing and _standing(found.standing),
    }


def _checks(checks: Passport | None) -> dict[str, Any] | None:
    if checks is None:
        return None
    findings = [
        {
            "code": each.code,
            "score": each.score,
            "limit": each.limit,
            "flagged": each.flagged,
            "said": each.said,
            "done": each.done,
        }
        for each in checks.findings
    ]
    return {"findings": findings, "unchecked": list(checks.unchecked)}


def _scores(found: Assessment) -> dict[str, Any] | None:
    if found.prediction is None:
        return None
    prediction = found.prediction
    return {
        "label": prediction.label,
        "probabilities": prediction.probabilities,
        "raw": prediction.raw,
        "logits": prediction.logits,
    }


def _thresholds(
    found: Assessment, model: Classifier, chosen: Mapping[str, float]
) -> dict[str, Any]:
    """Of the probabilities, by label; a hospital profile's own stands with its standing."""
    if found.prediction is None or model.site is not None:
        return {}
    told = {}
    for label, p in found.prediction.probabilities.items():
        if label in chosen:
            told[label] = {"value": chosen[label], "above": p >= chosen[label], "of": "session"}
        elif label in found.above:
            value = float(model.bundle.operating_points[label]["threshold"])
            told[label] = {
                "value": value,
                "above": found.above[label],
                "of": "network",
                "said": words.operating_point(model.bundle, label, p),
            }
    return told


def _standing(standing: Standing) -> dict[str, Any]:
    values = {
        name: None if isinstance(value, float) and isnan(value) else value
        for name, value in asdict(standing).items()
    }
    return {
        **values,
        "called": standing.called,
        "headline": words.headline(standing),
        "reading": words.reading(standing),
    }


def to_json(report: Report) -> bytes:
    """The whole record with its hash; :func:`from_json` reads it."""
    whole = {"sha256": report.sha256, **report.content}
    return (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def from_json(data: bytes) -> Report:
    """Read a report's file.

    Raises
    ------
    ReportError
        ``bad_report``, ``report_format``, or ``altered_report``: it is not as it was written.
    """
    if len(data) > MOST_BYTES:
        raise _bad()
    try:
        whole = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
        said = whole.pop("sha256")
        version = whole["format"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _bad() from None
    if version != FORMAT:
        raise ReportError(
            "report_format",
            f"This report was written by another version; this one reads format {FORMAT}.",
        )
    report = Report(whole)
    try:
        same = report.sha256 == said
    except (ValueError, RecursionError):  # 1e999 is read as infinity
        raise _bad() from None
    if not same:
        raise ReportError(
            "altered_report",
            "This report is not as it was written: its text or its figures were changed. Take a "
            "fresh copy, or make it anew.",
        )
    if not _sound(whole):
        raise _bad()
    return report


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _bad() -> ReportError:
    return ReportError("bad_report", "This file is no report of a film. Take the .json file.")


_PARTS: Mapping[str, type | tuple[type, ...]] = {
    "notice": str,
    "made": str,
    "patient": str,
    "log_head": str,
    "film": dict,
    "known_hospital": bool,
    "network": dict,
    "hospital": (dict, type(None)),
    "refusal": (dict, type(None)),
    "checks": (dict, type(None)),
    "scores": (dict, type(None)),
    "sets": dict,
    "thresholds": dict,
    "standing": (dict, type(None)),
    "map": (dict, type(None)),
    "verdict": (dict, type(None)),
}


def _sound(whole: Mapping[str, Any]) -> bool:
    return all(isinstance(whole.get(name, ...), kind) for name, kind in _PARTS.items())
