"""The score at and above which a class is called: the bundle's, or the one this session uses."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from cxr.model.bundle import Bundle
from ui.base.words import exact, score, site


def shipped(bundle: Bundle, label: str) -> float | None:
    """The bundle's own operating point, on the calibrated probability; None where it has none."""
    point = bundle.operating_points.get(label)
    return None if point is None else float(point["threshold"])


def unseen(bundle: Bundle, label: str) -> Mapping[str, Any] | None:
    """What a network alike needed at a site that it was kept from; None where nobody asked."""
    point: Mapping[str, Any] | None = bundle.operating_points.get(label, {}).get("unseen")
    return point


def needed(point: Mapping[str, Any], label: str) -> str:
    """Such a point in words."""
    others = {other: n for other, n in point["films"].items() if other != label}
    return (
        f"Another network, trained alike but without {escape(site(point['split']))}, needed "
        f"{exact(point['threshold'])} there to find {score(point['wanted_sensitivity'])} of the "
        f"{point['films'][label]:,} films of {escape(label)}; {score(point['specificity'])} of the "
        f"{sum(others.values()):,} of {escape(' and '.join(sorted(others)))} lay below. Other "
        "hospitals may differ."
    )


def threshold(bundle: Bundle, label: str) -> float | None:
    """What every page of this session uses: the chosen threshold, else the shipped one."""
    chosen: float | None = _chosen().get((bundle.digest, label))
    return shipped(bundle, label) if chosen is None else chosen


def use(bundle: Bundle, label: str, value: float | None) -> None:
    """Use `value` in this session; None goes back to the shipped one."""
    if value is None:
        _chosen().pop((bundle.digest, label), None)
    else:
        _chosen()[bundle.digest, label] = value


def is_chosen(bundle: Bundle, label: str) -> bool:
    """Whether the threshold is this session's own."""
    return (bundle.digest, label) in _chosen()


def _chosen() -> dict[tuple[str, str], float]:
    return st.session_state.setdefault("thresholds", {})
