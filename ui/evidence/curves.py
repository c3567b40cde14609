"""ROC, precision-recall, calibration and risk-coverage."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from cxr import calibration
from cxr.bands import Curve, both
from cxr.curves import risk_coverage
from cxr.evidence import affordable, arrays
from ui import charts
from ui.evidence.blocks import Block, Chart, beside, heading, quiet, ranged, share, table
from ui.evidence.scope import Key, Scope, bundle, part


@st.cache_data(max_entries=32, show_spinner="Resampling patients")
def of_class(key: Key, split: str, source: str) -> dict[str, tuple[Curve, Curve]]:
    """Label → its ROC and its precision-recall curve."""
    rows, labels = part(key, split, source), bundle(key).labels
    found = arrays(rows, labels)
    return {
        label: both(found.p[:, k], found.truth == k, found.patients, affordable(rows))
        for k, label in enumerate(labels)
    }


def blocks(scope: Scope) -> list[Block]:
    """Four charts and what they say in figures."""
    reliable, reliable_table = calibrated(scope)
    risk, risk_table = selective(scope)
    return [
        heading(scope.title),
        *ranking(scope),
        heading("Calibration, and what is gained by leaving the least certain films to a reader"),
        reliable,
        risk,
        beside(reliable_table, risk_table),
    ]


def ranking(scope: Scope) -> list[Block]:
    """How well each class's score ranks its films above the others."""
    found = of_class(scope.key, scope.split, scope.source)
    roc = {f"{label} against the others": pair[0] for label, pair in found.items()}
    precision = {f"{label} against the others": pair[1] for label, pair in found.items()}
    rows = [
        (
            escape(name),
            f"{curve.positives:,}",
            f"{curve.negatives:,}",
            ranged(curve.area),
            ranged(precision[name].area),
            share(curve.positives / (curve.positives + curve.negatives)),
        )
        for name, curve in roc.items()
    ]
    head = ["", "Films", "Others", "AUROC", "AUPRC", "AUPRC of a coin"]
    said = "; ".join(f"{name} {share(curve.area.value)}" for name, curve in roc.items())
    return [
        Chart(charts.roc(roc), f"ROC curves. AUROC: {said}"),
        Chart(charts.precision_recall(precision), "Precision-recall curves"),
        table(head, rows),
        quiet("Bands and brackets: 95 %, by patient. A curve needs films on both sides."),
    ]


def calibrated(scope: Scope) -> tuple[Chart, str]:
    """Reliability before and after temperature scaling, of the called class's probability."""
    found = arrays(scope.films, scope.bundle.labels)
    logits = scope.films[[f"logit_{label}" for label in scope.bundle.labels]].to_numpy()
    right = found.truth == found.called
    stages = {
        "before scaling": calibration.softmax(logits),
        f"after, temperature {scope.bundle.temperature:.2f}": found.p,
    }
    bins = {name: calibration.reliability(p.max(1), right) for name, p in stages.items()}
    rows = [
        (escape(name), share(bins[name].error), share(calibration.brier(p, found.truth)))
        for name, p in stages.items()
    ]
    chart = Chart(
        charts.reliability(bins),
        "Reliability diagram: share that came true against probability, and films a bin",
    )
    return chart, table(["", "Expected calibration error", "Brier score"], rows) + quiet(
        f"Of the called class, in {calibration.BINS} bins of equal width. The temperature was "
        "fitted on val.<br>Brier: summed over classes, 0 to 2."
    )


def selective(scope: Scope) -> tuple[Chart, str]:
    """Share of wrong calls when films are left out, the least certain first."""
    found = arrays(scope.films, scope.bundle.labels)
    right = found.truth == found.called
    curve = risk_coverage(found.p.max(1), right)
    rows = []
    for wanted in (1.0, 0.95, 0.9, 0.8, 0.5):
        place = int(np.searchsorted(curve[1], wanted - 1e-12))
        place = min(place, len(curve[1]) - 1)
        rows.append(
            (f"{100 * curve[1][place]:.1f} %", share(curve[2][place]), share(curve[0][place]))
        )
    chart = Chart(
        charts.risk_coverage({"highest probability": curve}),
        "Share of wrong calls against the share of films called",
    )
    head = ["Films called", "Wrong among them", "If the highest score is at least"]
    return chart, table(head, rows, text=0)
