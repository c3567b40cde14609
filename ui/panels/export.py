"""What leaves the app: a table of all scores and a picture of a map, each with the notice."""

from __future__ import annotations

import csv
import io

from cxr.input_checks import CODES, Passport
from cxr.model.bundle import Bundle
from cxr.model.decision import prediction_set
from cxr.notice import NOTICE
from cxr.spreadsheet import inert
from ui.session.films import Film, Reading


def scores_csv(rows: list[tuple[Film, Reading]], bundle: Bundle) -> bytes:
    """One row a file, refused ones too; UTF-8 with a mark that spreadsheets need."""
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
        "refused",
        "message",
        "model",
        "model_created",
        "model_sha256",
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
                **_result(reading, bundle),
                "model": bundle.name,
                "model_created": bundle.created,
                "model_sha256": bundle.digest,
                "notice": NOTICE,
            }
        )
    return out.getvalue().encode("utf-8-sig")


def _result(reading: Reading, bundle: Bundle) -> dict[str, str]:
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
        "class": prediction.label,
        "margin": f"{prediction.margin:.6f}",
        **{f"p_{label}": f"{value:.6f}" for label, value in p.items()},
        **{f"raw_{label}": f"{value:.6f}" for label, value in prediction.raw.items()},
        **{
            f"set_{share}": ";".join(prediction_set(p, limits))
            for share, limits in bundle.conformal.items()
        },
    }
