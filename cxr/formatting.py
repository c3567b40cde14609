"""Numbers and names as they are written on pages and in reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_MEANINGS = {"N": "no findings", "P": "pneumonia", "T": "tuberculosis"}
_CALLED = {
    "N": "none of these, not healthy",
    "P": "pneumonia, or another abnormality that it was never taught",
    "T": "tuberculosis",
}
_SITES = {
    "cxnet": "COVID-CXNet",
    "hannover": "Hannover",
    "ieee8023": "Cohen et al.",
    "jsrt": "JSRT",
    "kermany": "Guangzhou, children",
    "mendeley_pk": "Pakistan (Mendeley)",
    "montgomery": "Montgomery",
    "nih": "NIH ChestX-ray14",
    "rsna": "RSNA normals",
    "sakha": "Sakha (Yakutia)",
    "shenzhen": "Shenzhen",
    "tbportals": "TB Portals",
    "tbx11k": "TBX11K",
}
"""Sources of the training manifest as people know them."""


def site(source: str) -> str:
    """A source as it is written on the pages; as the manifest names it where it is not known."""
    return _SITES.get(source, source)


def meaning(label: str, labels: Collection[str]) -> str:
    """What a label stands for; "" unless `labels`, all the model's, are N, P and T."""
    return _MEANINGS[label] if set(labels) == set(_MEANINGS) else ""


def called_means(label: str, labels: Collection[str]) -> str:
    """What a label stands for that a film is called: whatever it was never taught is called so."""
    return _CALLED[label] if set(labels) == set(_CALLED) else ""


def score(value: float) -> str:
    """A probability with two decimals and no leading nought: ``.81``, ``<.01``, ``>.99``."""
    if value < 0.005:
        return "<.01" if value > 0 else "0"
    if value >= 0.995:
        return ">.99" if value < 1 else "1"
    return f"{value:.2f}"[1:]


def exact(value: float) -> str:
    """A threshold: ``.74``, with two digits of its distance to 0 or 1: ``.0011``, ``.9987``."""
    if not 0 < value < 1:
        return score(value)
    text = told_apart(value, value)
    return text[:3] + text[3:].rstrip("0")


def told_apart(value: float, threshold: float) -> str:
    """A probability, with the decimals that its threshold needs and that tell them apart."""
    near = min(threshold, 1 - threshold)
    decimals = 2
    while decimals < 6 and (
        0 < near < 10 ** (1 - decimals)
        or (value != threshold and f"{value:.{decimals}f}" == f"{threshold:.{decimals}f}")
    ):
        decimals += 1
    return f"{value:.{decimals}f}".removeprefix("0")


def odds(value: float) -> str:
    """Log-odds: ``+1.2``, ``−0.4``."""
    return f"{value:+.1f}".replace("-", "−")


def of_hundred(share: float) -> str:
    """A share as a number of 100 films: ``93``, ``more than 99``, ``fewer than 1``."""
    if share >= 0.995:
        return "more than 99" if share < 1 else "all"
    if share < 0.005:
        return "fewer than 1" if share > 0 else "none"
    return f"{100 * share:.0f}"


def percent(share: str | float) -> str:
    """A share of 1 in per cent: ``90 %``."""
    return f"{100 * float(share):g} %"


def figure(value: Mapping[str, Any]) -> str:
    """A figure and its interval: ``.82 (.80–.83)``."""
    return f"{score(value['value'])} ({score(value['low'])}–{score(value['high'])})"
