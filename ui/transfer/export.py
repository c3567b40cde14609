"""What leaves the app: a table of all scores and a picture of a map, each with the notice."""

from __future__ import annotations

import io
from math import isnan

from cxr import spreadsheet
from cxr.input_checks import CODES, Passport
from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier, Prediction
from cxr.model.decision import prediction_sets
from cxr.spreadsheet import Number
from ui.session import hospitals, operating_points, own_calls
from ui.session.films import Film, Reading

STANDING = ("log_odds_of", "log_odds", "threshold", "called", "below_negatives")
"""Columns: which labels, the film's, the profile's threshold and call, and the share of negatives
below it."""


def scores_csv(rows: list[tuple[Film, Reading]], model: Classifier, log_head: str = "") -> bytes:
    """One row a file, refused ones too; UTF-8 with a mark that spreadsheets need. `log_head` is
    that of the audit log."""
    bundle = model.bundle
    names = [
        "file",
        "sha256",
        "changed",
        "passport",
        *(f"check_{code}" for code in CODES),
        "unchecked",
        "class",
        "margin",
        *(f"p_{label}" for label in bundle.labels),
        *(f"raw_{label}" for label in bundle.labels),
        *(f"set_{share}" for share in bundle.conformal),
        "abnormal_log_odds",
        *(f"threshold_{label}" for label in bundle.labels),
        *(f"called_{label}" for label in bundle.labels),
        *STANDING,
        *(f"own_{stage}{what}" for stage in own_calls.STAGES for what in ("", "_sure")),
        "refused",
        "message",
        "model",
        "model_created",
        "model_sha256",
        "hospital",
        "hospital_sha256",
        "log_head",
    ]
    of_all = {
        "model": bundle.name,
        "model_created": bundle.created,
        "model_sha256": bundle.digest,
        **_hospital(model),
        "log_head": log_head,
    }
    found = (
        {"file": film.name, "sha256": film.sha256, "changed": _changed(film, reading)}
        | _own(film)
        | _of(reading, model, film)
        | of_all
        for film, reading in rows
    )
    out = io.StringIO()
    lines = ([row.get(name, "") for name in names] for row in found)
    spreadsheet.write(out, names, lines, end="\n")
    return out.getvalue().encode("utf-8-sig")


def _changed(film: Film, reading: Reading) -> str:
    """What the reader did to the film, and what had refused it."""
    codes = ", ".join(each.code for each in reading.doubts)
    return f"{film.change.said} ({codes})" if codes and film.change.let_in else film.change.said


def _own(film: Film) -> dict[str, str]:
    """The reader's calls, and how sure he was, 1 to 5."""
    found: dict[str, str] = {}
    for stage, call in own_calls.of(film).items():
        found |= {f"own_{stage}": call.label, f"own_{stage}_sure": str(call.sure)}
    return found


def _hospital(model: Classifier) -> dict[str, str]:
    if model.site is None:
        return {}
    return {"hospital": model.site.name, "hospital_sha256": model.site.identity}


def _stands(reading: Reading) -> dict[str, str]:
    """Where the film lies; the threshold and the call are a profile's, and empty without one."""
    found = reading.standing
    if found is None:
        return {}
    called = {None: "", True: found.positive, False: f"not {found.positive}"}[found.called]
    values = (
        f"{found.positive}:{found.negative}",
        Number(found.log_odds, ".6f"),
        "" if found.threshold is None else Number(found.threshold, ".6f"),
        called,
        "" if isnan(found.below_negatives) else Number(found.below_negatives, ".4f"),
    )
    return dict(zip(STANDING, values, strict=True))


def _promised(p: dict[str, float], bundle: Bundle) -> dict[str, str]:
    """The sets, which are promised in hospitals that the model knows, and nowhere else."""
    return {
        f"set_{share}": ";".join(held)
        for share, held in prediction_sets(p, bundle.conformal).items()
    }


def _by_threshold(p: dict[str, float], bundle: Bundle, home: bool) -> dict[str, str]:
    """The session's own thresholds, and the bundle's in hospitals that the model knows."""
    found: dict[str, str] = {}
    for label in bundle.labels:
        at = operating_points.threshold(bundle, label)
        if at is not None and (home or operating_points.is_chosen(bundle, label)):
            found[f"threshold_{label}"] = Number(at, ".6g")
            found[f"called_{label}"] = f"{label}{'+' if p[label] >= at else '-'}"
    return found


def _of(reading: Reading, model: Classifier, film: Film) -> dict[str, str]:
    bundle, home = model.bundle, hospitals.at_home(film)
    if reading.prediction is None:
        refusal = reading.refusal
        assert refusal is not None
        return {"refused": refusal.code, "message": refusal.message}
    if waits := own_calls.why(film):
        return {"message": f"It {waits}."}
    prediction = reading.prediction
    p = prediction.probabilities
    found = reading.passport or Passport(())
    return {
        "passport": ";".join(found.flags),
        **{f"check_{each.code}": Number(each.score, ".4g") for each in found.findings},
        "unchecked": " ".join(found.unchecked),
        **_stands(reading),
        "class": prediction.label,
        "margin": Number(prediction.margin, ".6g"),
        **{f"p_{label}": Number(value, ".6g") for label, value in p.items()},
        **{f"raw_{label}": Number(value, ".6g") for label, value in prediction.raw.items()},
        **_abnormal(prediction),
        **(_promised(p, bundle) if home and model.site is None else {}),
        **(_by_threshold(p, bundle, home) if model.site is None else {}),
    }


def _abnormal(prediction: Prediction) -> dict[str, str]:
    """Empty where the model has no label N."""
    if "N" not in prediction.probabilities:
        return {}
    return {"abnormal_log_odds": Number(prediction.abnormal("N"), ".6f")}
