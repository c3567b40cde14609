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
    """How well each class's score ranks its films above the others, at home and away."""
    sides = scope.both()
    found = {each.short: of_class(each.key, each.split, each.source) for each in sides}
    out: list[Block] = [heading(each.title) for each in sides]
    for label in scope.bundle.labels:
        roc = {name: pairs[label][0] for name, pairs in found.items()}
        precision = {name: pairs[label][1] for name, pairs in found.items()}
        areas = "; ".join(f"{name} {share(curve.area.value)}" for name, curve in roc.items())
        out += [
            heading(f"{label} against the others"),
            Chart(charts.roc(roc), f"ROC curves of {label}. AUROC: {areas}"),
            Chart(charts.precision_recall(precision), f"Precision-recall curves of {label}"),
        ]
    rows = [
        (
            escape(label),
            escape(name),
            f"{roc.positives:,}",
            f"{roc.negatives:,}",
            ranged(roc.area),
            ranged(precision.area),
            share(roc.positives / (roc.positives + roc.negatives)),
        )
        for label in scope.bundle.labels
        for name, (roc, precision) in ((name, pairs[label]) for name, pairs in found.items())
    ]
    head = ["Class", "Films", "Of it", "Others", "AUROC", "AUPRC", "AUPRC of a coin"]
    return [
        *out,
        table(head, rows, text=2),
        quiet("Bands and brackets: 95 %, by patient. A curve needs films on both sides."),
    ]
