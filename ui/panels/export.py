"""What leaves the app: a table of all scores and a picture of a map, each with the notice."""

from __future__ import annotations

import csv
import io
from math import isnan

from cxr.input_checks import CODES, Passport
from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier
from cxr.model.decision import prediction_set
from cxr.model.site_head import Site
from cxr.notice import NOTICE
from cxr.spreadsheet import inert
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
        "passport",
        *(f"check_{code}" for code in CODES),
        "unchecked",
        "class",
        "margin",
        *(f"p_{label}" for label in bundle.labels),
        *(f"raw_{label}" for label in bundle.labels),
        *(f"set_{share}" for share in bundle.conformal),
        *STANDING,
        "refused",
        "message",
        "model",
        "model_created",
        "model_sha256",
        "hospital",
        "hospital_sha256",
        "log_head",
        "notice",
    ]
    out = io.StringIO()
    table = csv.DictWriter(out, names, restval="", lineterminator="\n")
    table.writeheader()
    for film, reading in rows:
        table.writerow(
            {
                "file": inert(film.name),
                "sha256": film.sha256,
                **_result(reading, bundle, model.site),
                "model": bundle.name,
                "model_created": bundle.created,
                "model_sha256": bundle.digest,
                **_hospital(model),
                "log_head": log_head,
                "notice": NOTICE,
            }
        )
    return out.getvalue().encode("utf-8-sig")


def _hospital(model: Classifier) -> dict[str, str]:
    if model.site is None:
        return {}
    return {"hospital": inert(model.site.name), "hospital_sha256": model.site.identity}


def _stands(reading: Reading) -> dict[str, str]:
    """Where the film lies; the threshold and the call are a profile's, and empty without one."""
    found = reading.standing
    if found is None:
        return {}
    called = {None: "", True: found.positive, False: f"not {found.positive}"}[found.called]
    values = (
        f"{found.positive}:{found.negative}",
        f"{found.log_odds:.6f}",
        "" if found.threshold is None else f"{found.threshold:.6f}",
        called,
        "" if isnan(found.below_negatives) else f"{found.below_negatives:.4f}",
    )
    return dict(zip(STANDING, values, strict=True))


def _result(reading: Reading, bundle: Bundle, site: Site | None) -> dict[str, str]:
    if reading.prediction is None:
        refusal = reading.refusal
        assert refusal is not None
        return {"refused": refusal.code, "message": refusal.message}
    prediction = reading.prediction
    p = prediction.probabilities
    found = reading.passport or Passport(())
    return {
        "passport": ";".join(found.flags),
        **{f"check_{each.code}": f"{each.score:.4g}" for each in found.findings},
        "unchecked": " ".join(found.unchecked),
        **_stands(reading),
        "class": prediction.label,
        "margin": f"{prediction.margin:.6f}",
        **{f"p_{label}": f"{value:.6f}" for label, value in p.items()},
        **{f"raw_{label}": f"{value:.6f}" for label, value in prediction.raw.items()},
        **{
            f"set_{share}": ";".join(prediction_set(p, limits))
            for share, limits in bundle.conformal.items()
            if site is None
        },
    }
