"""What is fitted on `val` once a network is fixed: temperature, operating points, sets of classes;
and the figures that follow. Needs ``predictions.csv`` alone, so a bundle can be calibrated again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.errors import DataError
from cxr.model.bundle import Bundle, write_manifest
from cxr.model.calibration import fit_temperature, softmax
from cxr.model.decision import choose_operating_point, conformal_limits

from ..evaluation import evaluate

SENSITIVITY = {"T": 0.9}
"""Label → least sensitivity on `val` of its operating point: WHO's 2014 profile for a TB triage
test asks for 90 %."""
COVERAGES = (0.9, 0.95)


def wished(recipe: Mapping[str, Any]) -> Mapping[str, float]:
    """Label → least sensitivity that a recipe, as a dict, wants of its operating point."""
    wish: Mapping[str, float] = recipe.get("operating") or SENSITIVITY
    return wish


def check_labels(asked: Collection[str], labels: Collection[str]) -> None:
    """Refuse an operating point of a label that a network doesn't have.

    Raises
    ------
    DataError
        ``unknown_label``
    """
    if strange := [label for label in asked if label not in labels]:
        raise DataError(
            "unknown_label",
            f"No label is called {', '.join(strange)}; the network's are {', '.join(labels)}. Say "
            "one of them to --sensitivity, in the same letters.",
        )


def fitted(
    rows: pd.DataFrame, labels: tuple[str, ...], sensitivity: Mapping[str, float] = SENSITIVITY
) -> dict[str, Any]:
    """Everything of a bundle that is fitted on, or measured by, its predictions.

    Parameters
    ----------
    rows : DataFrame
        ``predictions.csv``, as :func:`train.evaluation.evaluate.predictions` reads it.
    labels : tuple of str
    sensitivity : mapping
        Label → sensitivity wanted of its operating point; labels that the network doesn't have
        are passed over.

    Returns
    -------
    dict with ``temperature``, ``operating_points``, ``conformal`` and ``metrics``, as
    :class:`cxr.model.bundle.Bundle` describes them, without ``metrics["external"]``.
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
        Label → least sensitivity of its operating point. Labels left out keep what the bundle's
        recipe says; in a bundle that no recipe led to, what their points were chosen for.

    Raises
    ------
    BundleError
        ``wrong_task``
    DataError
        ``unknown_label``
    """
    values = evaluate.values_of(folder)
    labels = tuple(values["labels"])
    check_labels(sensitivity or (), labels)
    sensitivity = {**_kept(values), **(sensitivity or {})}
    scored = bool(values["metrics"].get("external"))
    found = fitted(evaluate.predictions(folder), labels, sensitivity)
    # What was found out about the network itself, as its audit, stays.
    found["metrics"] = values["metrics"] | found["metrics"]
    values |= found
    bundle = write_manifest(folder, values)
    return evaluate.score_external(folder) if scored else bundle


def _kept(values: Mapping[str, Any]) -> Mapping[str, float]:
    """The sensitivities that a bundle's operating points have without being asked for anew."""
    if "recipe" in values["provenance"]:
        return wished(values["provenance"]["recipe"])
    points = values["operating_points"]
    return {label: point["wanted_sensitivity"] for label, point in points.items()} or SENSITIVITY
