"""What several rows of a table say of one film: one label, or a contradiction and how it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

RULES = "majority, any:LABEL or drop"


@dataclass(frozen=True)
class Said:
    """One row's word.

    Attributes
    ----------
    label : str
        "" if it is none of those asked for.
    called : str
        As the table has it.
    reader : str
        "" where the table doesn't say who read.
    """

    label: str
    called: str
    reader: str = ""


def opinions(said: Sequence[Said]) -> list[str]:
    """The label of each reader, or of each row where readers are not named.

    A reader may give several findings of a film, a row each: those that were not asked for count
    only if there is no other, and two that were are two opinions.
    """
    by_reader: dict[str, list[str]] = {}
    for number, each in enumerate(said):
        labels = by_reader.setdefault(each.reader or f"\0{number}", [])
        if each.label not in labels:
            labels.append(each.label)
    return [
        label for labels in by_reader.values() for label in ([x for x in labels if x] or labels)
    ]


def settled(labels: Sequence[str], rule: str) -> str | None:
    """The label of a film, or None where `rule` settles nothing.

    Parameters
    ----------
    labels : sequence of str
        Of :func:`opinions`.
    rule : str
        "majority": what more than half of them say. "any:T": T if one of them says so; "any:T,P":
        else P if one says so. "drop" and "": only what all say.
    """
    if len(set(labels)) == 1:
        return labels[0]
    if rule == "majority":
        label, count = Counter(labels).most_common(1)[0]
        return label if 2 * count > len(labels) else None
    first = rule.removeprefix("any:").split(",") if rule.startswith("any:") else []
    return next((label for label in first if label in labels), None)
