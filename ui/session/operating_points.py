"""The score at and above which a class is called: the bundle's, or the one this session uses."""

from __future__ import annotations

import streamlit as st

from cxr.model.bundle import Bundle


def shipped(bundle: Bundle, label: str) -> float | None:
    """The bundle's own operating point, on the calibrated probability; None where it has none."""
    point = bundle.operating_points.get(label)
    return None if point is None else float(point["threshold"])


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


def chosen(bundle: Bundle) -> dict[str, float]:
    """The thresholds of this session's own, in the order of the labels."""
    own = _chosen()
    return {x: own[bundle.digest, x] for x in bundle.labels if (bundle.digest, x) in own}


def _chosen() -> dict[tuple[str, str], float]:
    return st.session_state.setdefault("thresholds", {})
