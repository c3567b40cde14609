"""Numbers and names as they are written on the pages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_MEANINGS = {"N": "no findings", "P": "pneumonia", "T": "tuberculosis"}
_CALLED = {
    "N": "none of these, not healthy",
    "P": "pneumonia, or another abnormality that it was never taught",
    "T": "tuberculosis",
}
WAY_OUT = (
    "If it may be: column “display” of the data folder’s manifest.csv is 1 for films that may be "
    "shown (python -m train prepare … --display yes writes it), and the model’s table takes it "
    "from there when it is exported or adopted anew."
)
"""After every sentence that a film may not be shown."""
_SITES = {
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
    """The same of a label that a model calls a film: whatever it was never taught is called so."""
    return _CALLED[label] if set(labels) == set(_CALLED) else ""


def flag(code: str) -> str:
    """A flag of the input passport as it is written in lists: ``burnt in text``."""
    return code.replace("_", " ")


def flags(codes: str) -> str:
    """Several of them, as a table holds them: ``inverted, known film``."""
    return ", ".join(map(flag, codes.split(";")))


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


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is: a file name may hold anything."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def short(name: str, most: int = 32) -> str:
    """A name cut in its middle to `most` characters."""
    if len(name) <= most:
        return name
    tail = most // 2 - 1
    return f"{name[: most - tail - 1]}…{name[-tail:]}"


def told_short(names: Mapping[int, str], most: int = 24) -> dict[int, str]:
    """Names cut in the middle, and so that those that differ still do."""
    cut = {key: short(name, most) for key, name in names.items()}
    alike: dict[str, set[str]] = {}
    for key, text in cut.items():
        alike.setdefault(text, set()).add(names[key])
    for key, text in cut.items():
        if len(others := alike[text]) > 1:
            letters = enumerate(zip(*others, strict=False))
            begin = next((i for i, at in letters if len(set(at)) > 1), min(map(len, others)))
            cut[key] = f"{names[key][:4]}…{short(names[key][max(begin - 2, 4) :], most - 5)}"
    return cut
