"""Scores that move: a bar a class as it is now, with a mark where it was."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from cxr.teaching.preprocessing_stages import changes
from ui.base.formatting import score
from ui.lab.words import signed


def moved(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Before and after, and after − before: a change has the sign of the change.

    Parameters
    ----------
    before, after : mapping
        Label → probability.
    """
    bars = []
    for label, change in changes(before, after).items():
        shown = f"{score(before[label])} → {score(after[label])}"
        bars.append(_bar(label, before[label], after[label], shown, signed(change)))
    return _strip(bars)


def still(scores: Mapping[str, float]) -> str:
    """The scores before anything was tried."""
    return _strip([_bar(label, p, p, score(p), "") for label, p in scores.items()])


def _strip(bars: list[str]) -> str:
    return f'<div class="lab-moves" role="list">{"".join(bars)}</div>'


def _bar(label: str, before: float, after: float, shown: str, effect: str) -> str:
    name = escape(label)
    said = f"{name} {shown}, {effect}" if effect else f"{name} {shown}"
    return (
        f'<div role="listitem" aria-label="{said}"><span class="label">{name}</span>'
        f'<div class="cxr-track" aria-hidden="true"><div class="cxr-fill" '
        f'style="width:{100 * after:.2f}%"></div><i class="cxr-point" '
        f'style="left:{100 * before:.2f}%"></i></div>'
        f'<span aria-hidden="true">{shown}</span>'
        f'<span aria-hidden="true">{f"<b>{effect}</b>" if effect else ""}</span></div>'
    )
