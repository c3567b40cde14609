"""Figures as lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def lines(name: str, figures: Any) -> Iterator[str]:
    """One line for each figure of nested mappings, after the names that lead to it.

    Parameters
    ----------
    name : str
    figures : mapping or value
        A figure is a mapping with ``value``, and ``low`` and ``high`` for its interval, and ``n``
        for the films that it was measured on, where they are known.
    """
    if not isinstance(figures, Mapping):
        yield f"{name} {_number(figures)}"
    elif "value" in figures:
        ends = [_number(figures[end]) for end in ("low", "high") if end in figures]
        span = f" ({' to '.join(ends)})" if ends else ""
        films = f", {figures['n']} films" if "n" in figures else ""
        yield f"{name} {_number(figures['value'])}{span}{films}"
    else:
        for key, value in figures.items():
            said = "films" if key == "n" else key
            yield from lines(f"{name}, {said}" if name else said, value)


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def show(report: Iterable[Any]) -> None:
    """Print a report as it comes, a line at a time."""
    for line in report:
        print(line, flush=True)
