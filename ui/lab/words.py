"""Numbers as the lab writes them."""

from __future__ import annotations


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
