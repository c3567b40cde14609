"""What the table says of a film."""

from __future__ import annotations

from math import isnan
from typing import Any

from ..errors import CxrError
from ..input_checks import CODES, Passport
from ..model.classifier import Classifier, Prediction
from ..screening.assess import Assessment
from ..screening.standing import ground_of

Row = dict[str, Any]
_TEXT = ("path", "sha256", "study", "view", "laterals", "format", "refusal", "reason")


def columns(model: Classifier) -> dict[str, type]:
    """Names and kinds (str, float) of the table's columns, in order; any may be empty."""
    labels = model.labels
    numbers = [f"logit_{label}" for label in labels] + [f"p_{label}" for label in labels]
    sets = [f"set_{share}" for share in sorted(model.bundle.conformal)]
    checks = [f"check_{code}" for code in CODES]
    return {
        **dict.fromkeys(_TEXT, str),
        **dict.fromkeys(("flags", "unchecked"), str),
        **dict.fromkeys(checks, float),
        "label": str,
        **dict.fromkeys((*numbers, "log_odds", "below_negatives"), float),
        **dict.fromkeys(sets, str),
        **dict.fromkeys(("decision", "network", "hospital"), str),
    }


def pair_of(model: Classifier) -> tuple[str, str] | None:
    """The labels whose log-odds the table has: the profile's, the bundle's, else T and N."""
    if ground := ground_of(model):
        return ground.positive, ground.negative
    return ("T", "N") if {"T", "N"} <= set(model.labels) else None


def threshold_of(model: Classifier, known_hospital: bool) -> dict[str, Any] | None:
    """What decisions go by: a profile's threshold, or, for films of hospitals that the model knows,
    the bundle's operating point."""
    if model.site is not None:
        return {"of": "hospital profile", "on": "log_odds", "threshold": model.site.threshold}
    pair = pair_of(model) if known_hospital else None
    if pair is None or pair[0] not in model.bundle.operating_points:
        return None
    threshold = float(model.bundle.operating_points[pair[0]]["threshold"])
    return {"of": "operating point", "on": f"p_{pair[0]}", "threshold": threshold}


def refused(refusal: CxrError) -> Row:
    """Of a film that was not even read."""
    return {"refusal": refusal.code, "reason": refusal.message}


def answer(found: Assessment, model: Classifier) -> Row:
    """Of a film that was assessed; what is missing in it is empty."""
    return {
        **(refused(found.refusal) if found.refusal else {}),
        **({"format": found.film.format, "view": found.film.view} if found.film else {}),
        **(_checks(found.checks) if found.checks else {}),
        **(_scores(found, found.prediction, model) if found.prediction else {}),
    }


def _checks(checks: Passport) -> Row:
    return {
        "flags": " ".join(checks.flags),
        "unchecked": " ".join(checks.unchecked),
        **{f"check_{each.code}": each.score for each in checks.findings},
    }


def _scores(found: Assessment, scores: Prediction, model: Classifier) -> Row:
    pair, standing = pair_of(model), found.standing
    row: Row = {
        "label": scores.label,
        **{f"logit_{label}": value for label, value in scores.logits.items()},
        **{f"p_{label}": value for label, value in scores.probabilities.items()},
        **{f"set_{share}": " ".join(kept) or "none" for share, kept in found.sets.items()},
    }
    if pair is not None:
        row["log_odds"] = scores.log_odds(*pair)
        called = found.above.get(pair[0])
        if standing is not None and standing.called is not None:
            called = standing.called
        if called is not None:
            row["decision"] = pair[0] if called else f"not {pair[0]}"
    if standing is not None and not isnan(standing.below_negatives):
        row["below_negatives"] = standing.below_negatives
    return row
