"""Numbers as the lab writes them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray


def signed(value: float) -> str:
    """A difference of probabilities with its sign: ``+.263``, ``−.012``, ``0``."""
    if abs(value) < 0.0005:
        return "0"
    sign = "+" if value > 0 else "−"
    return f"{sign}{abs(value):.3f}".replace("0.", ".", 1)


def plain_number(value: float) -> str:
    """Two decimals, no leading nought: ``.26``, ``−.03``, ``1.00``."""
    text = f"{abs(value):.2f}"
    shown = text[1:] if text.startswith("0") else text
    return f"−{shown}" if value < 0 and shown != ".00" else shown


def rank_table(names: Sequence[str], rank: NDArray[np.float64]) -> str:
    """Spearman's correlations, (n, n), as a table; the diagonal stays empty."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(
            f"<td>{'' if i == j else plain_number(rank[i, j])}</td>" for j in range(len(names))
        )
        + "</tr>"
        for i, name in enumerate(names)
    )
    return (
        '<table class="lab-table"><thead><tr><th>Rank correlation</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
