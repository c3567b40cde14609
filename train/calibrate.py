"""What is fitted on `val` once a network is fixed: temperature, operating points, sets of classes;
and the figures that follow. Needs ``predictions.csv`` alone, so a bundle can be calibrated again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.bundle import Bundle, manifest_values, write_manifest
from cxr.calibration import softmax
from cxr.trust import choose_operating_point, conformal_limits, fit_temperature

from . import evaluate

SENSITIVITY = {"T": 0.9}
"""Label → least sensitivity on `val` of its operating point: WHO's 2014 profile for a TB triage
test asks for 90 %."""
COVERAGES = (0.9, 0.95)


def wished(recipe: Mapping[str, Any]) -> Mapping[str, float]:
    """Label → least sensitivity that a recipe, as a dict, wants of its operating point."""
    wish: Mapping[str, float] = recipe.get("operating") or SENSITIVITY
    return wish


def fitted(
    rows: pd.DataFrame, labels: tuple[str, ...], sensitivity: Mapping[str, float] = SENSITIVITY
) -> dict[str, Any]:
    """Everything of a bundle that is fitted on, or measured by, its predictions.

    Parameters
    ----------
    rows : DataFrame
        ``predictions.csv``, as :func:`train.evaluate.predictions` reads it.
    labels : tuple of str
    sensitivity : mapping
        Label → sensitivity wanted of its operating point; labels that the network doesn't have
        are passed over.

    Returns
    -------
    dict with ``temperature``, ``operating_points``, ``conformal`` and ``metrics``, as
    :class:`cxr.bundle.Bundle` describes them, without ``metrics["external"]``.
    """
    val = rows[rows.split == "val"]
    truth, logits = evaluate.truth_of(val, labels), evaluate.logits_of(val, labels)
    temperature = fit_temperature(logits, truth)
    p = softmax(logits, temperature)
    points = {
        label: vars(choose_operating_point(p[:, k], truth == k, sensitivity[label]))
        for k, label in enumerate(labels)
        if label in sensitivity
    }
    limits = {
        f"{share:g}": dict(zip(labels, conformal_limits(p, truth, share).tolist(), strict=True))
        for share in COVERAGES
    }
    return {
        "temperature": temperature,
        "operating_points": points,
        "conformal": limits,
        "metrics": {
            split: {
                **evaluate.split_figures(part, labels),
                "sets": evaluate.set_figures(part, labels, temperature, limits),
            }
            for split, part in rows[rows.split.isin(["val", "test"])].groupby("split")
        },
    }


def calibrate(folder: Path, sensitivity: Mapping[str, float] | None = None) -> Bundle:
    """Fit a bundle's temperature, operating points and sets anew; its network stays.

    Parameters
    ----------
    folder : Path
    sensitivity : mapping, optional
        Label → least sensitivity of its operating point; left out, what the bundle's recipe says.
    """
    values = manifest_values(folder)
    sensitivity = sensitivity or wished(values["provenance"].get("recipe", {}))
    labels = tuple(values["labels"])
    scored = "external" in values["metrics"]
    found = fitted(evaluate.predictions(folder), labels, sensitivity)
    # What was found out about the network itself, as its audit, stays.
    found["metrics"] = values["metrics"] | found["metrics"]
    values |= found
    bundle = write_manifest(folder, values)
    return evaluate.score_external(folder, log=None) if scored else bundle
