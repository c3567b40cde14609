"""The figures that a bundle carries, computed from its own ``predictions.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import BundleError, DataError
from cxr.metrics import confusion, evidence
from cxr.metrics.bootstrap import Estimate
from cxr.metrics.predictions import clusters
from cxr.model.bundle import TASKS, Bundle, manifest_values, write_manifest
from cxr.model.calibration import softmax
from cxr.model.decision import coverage


def values_of(folder: Path) -> dict[str, Any]:
    """As :func:`cxr.model.bundle.manifest_values`, of a bundle that scores films.

    Raises
    ------
    BundleError
        ``wrong_task``, and those of :func:`cxr.model.bundle.open_bundle`.
    """
    values = manifest_values(folder)
    if values.get("task", TASKS[0]) != TASKS[0]:
        raise BundleError(
            "wrong_task", "This bundle's network gives no scores for films. Name another bundle."
        )
    return values


def predictions(folder: Path) -> pd.DataFrame:
    """A bundle's ``predictions.csv``: text, but for the logits; "" where nothing is known."""
    path = folder / "predictions.csv"
    names = pd.read_csv(path, nrows=0).columns
    kinds = {name: float if name.startswith("logit_") else str for name in names}
    return pd.read_csv(path, dtype=kinds, keep_default_na=False)


def scores(run: Path) -> pd.DataFrame:
    """The films that a run of ``python -m train sites`` scored, as :func:`predictions` gives them.

    Raises
    ------
    DataError
        ``no_run``
    """
    try:
        rows = predictions(run)
        if {"image", "split", "source", "label"} <= set(rows):
            return rows
    except (OSError, ValueError):
        pass  # refused below, as a table of something else is
    raise DataError(
        "no_run",
        f"The folder {run.name!r} holds no scores of sites that were left out, or some that are no "
        "numbers. Name a run of python -m train sites.",
    )


def logits_of(rows: pd.DataFrame, labels: tuple[str, ...]) -> NDArray[np.float64]:
    """The logits of rows of ``predictions.csv``, float64 (n, classes)."""
    return rows[[f"logit_{label}" for label in labels]].to_numpy(float)


def truth_of(rows: pd.DataFrame, labels: tuple[str, ...]) -> NDArray[np.int64]:
    """Index of each row's label, int (n,)."""
    return np.array([labels.index(label) for label in rows.label])


def split_figures(rows: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, Any]:
    """Macro-F1, per-class figures, source recall and accuracy by source of one split.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``predictions.csv``, with text for text.
    labels : tuple of str

    Returns
    -------
    dict, ready for JSON; intervals are 95 %, bootstrapped by patient.
    """
    truth, called = truth_of(rows, labels), logits_of(rows, labels).argmax(1)
    classes = confusion.per_class(truth, called, len(labels), np.ones(len(rows)))
    return {
        "n": len(rows),
        "macro_f1": _with_interval(evidence.macro_f1(truth, called, len(labels), clusters(rows))),
        "accuracy": float((truth == called).mean()),
        "source_recall": confusion.source_recall(truth, called, list(rows.source)),
        "classes": {
            label: {name: float(values[i]) for name, values in classes.items()}
            for i, label in enumerate(labels)
        },
        "sources": {
            f"{source} {label}": {
                "n": len(cell),
                "recall": float(
                    (logits_of(cell, labels).argmax(1) == truth_of(cell, labels)).mean()
                ),
            }
            for (source, label), cell in rows.groupby(["source", "label"])
        },
    }


def set_figures(
    rows: pd.DataFrame,
    labels: tuple[str, ...],
    temperature: float,
    limits: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """Achieved coverage: promised coverage → label, and "source label" where there are several
    sources, → n and :func:`cxr.model.decision.coverage`."""
    groups = [(str(label), part) for label, part in rows.groupby("label")]
    if rows.source.nunique() > 1:
        groups += [(f"{s} {label}", part) for (s, label), part in rows.groupby(["source", "label"])]
    return {
        share: {
            name: {
                "n": len(part),
                **coverage(
                    softmax(logits_of(part, labels), temperature),
                    truth_of(part, labels),
                    np.array([each[label] for label in labels]),
                ),
            }
            for name, part in groups
        }
        for share, each in limits.items()
    }


def pair_auroc(rows: pd.DataFrame, positive: str, negative: str) -> dict[str, Any]:
    """How well ``logit_positive - logit_negative`` orders the films of two labels.

    Returns
    -------
    dict with n, value, low, high (95 %, by patient)
    """
    area = evidence.pair_area(rows, positive, negative)
    return {"n": area.films, **_with_interval(area)}


def _with_interval(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


def external_figures(rows: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, Any]:
    """Figures of each unseen site by itself, since pooled sites would again tell the label."""
    figures: dict[str, Any] = {}
    for source, site in rows.groupby("source"):
        called = logits_of(site, labels).argmax(1)
        truth = truth_of(site, labels)
        figure: dict[str, Any] = {
            "n": len(site),
            "recall": {
                label: {
                    "n": int((truth == k).sum()),
                    "value": float((called[truth == k] == k).mean()),
                }
                for k, label in enumerate(labels)
                if (truth == k).any()
            },
        }
        if {"N", "T"} <= set(labels) and min((site.label == x).sum() for x in "NT") >= 30:
            figure["t_vs_n_auroc"] = pair_auroc(site, "T", "N")
        figures[str(source)] = figure
    return figures


def score_external(folder: Path) -> Bundle:
    """Score the external films of a bundle's ``predictions.csv`` and store the figures in the
    bundle. Reported, never tuned on.

    Raises
    ------
    BundleError
        ``wrong_task``; ``no_predictions`` if no film of `external` was scored.
    """
    values = values_of(folder)
    rows = predictions(folder)
    rows, labels = rows[rows.split == "external"], tuple(values["labels"])
    if rows.empty:
        raise BundleError(
            "no_predictions",
            "The bundle was scored on no film of the split external: there is nothing to report. "
            "Give that split to the films of sources that no training touches, and export again.",
        )
    figures = external_figures(rows, labels)
    if limits := values.get("conformal"):
        for source, site in rows.groupby("source"):
            figures[str(source)]["sets"] = set_figures(site, labels, values["temperature"], limits)
    values["metrics"]["external"] = figures
    return write_manifest(folder, values)


def external_row(bundle: Bundle) -> str:
    """Today's row of ``docs/experiments.md``, of a bundle after :func:`score_external`."""
    parts = []
    for source, figure in bundle.metrics["external"].items():
        recalls = ", ".join(
            f"recall {label} {r['value']:.3f} (n {r['n']})" for label, r in figure["recall"].items()
        )
        if area := figure.get("t_vs_n_auroc"):
            recalls += (
                f", T-versus-N AUROC {area['value']:.3f} ({area['low']:.3f} to {area['high']:.3f})"
            )
        parts.append(f"{source}: {recalls}")
    told = "not measured"
    if test := bundle.metrics.get("test", {}).get("macro_f1"):
        told = f"{test['value']:.3f} ({test['low']:.3f} to {test['high']:.3f})"
    return (
        f"| {date.today().isoformat()} | {bundle.name} | `{bundle.digest[:12]}` | "
        f"{told} | {'; '.join(parts)} |"
    )
