"""ROC and precision-recall: how well scores rank films."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.metrics.confidence_bands import Curve, both
from cxr.metrics.evidence import affordable, arrays
from ui.base import charts
from ui.metrics.blocks import Block, Chart, heading, quiet, ranged, share, table
from ui.metrics.scope import Scope
from ui.session.tables import Key, bundle, part


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
        heading(scope.title),
        Chart(charts.roc(roc), f"ROC curves. AUROC: {said}"),
        Chart(charts.precision_recall(precision), "Precision-recall curves"),
        table(head, rows),
        quiet("Bands and brackets: 95 %, by patient. A curve needs films on both sides."),
    ]
