"""Whether its probabilities and its sets of classes come true, on the films at hand."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
import streamlit as st

from cxr.metrics import set_coverage
from cxr.metrics.curves import risk_coverage
from cxr.metrics.evidence import affordable, arrays
from cxr.metrics.set_coverage import ClassCoverage
from cxr.metrics.subgroups import SMALL
from cxr.model import calibration
from ui.base import charts
from ui.base.formatting import site
from ui.metrics.blocks import Block, Chart, beside, heading, quiet, ranged, said, share, table
from ui.metrics.scope import Scope
from ui.session.tables import Key, bundle, part

BROKEN = '<b class="ev-broken" title="surely below what was promised">▼</b>'


def blocks(scope: Scope) -> list[Block]:
    """Sets, then calibration and what is gained by leaving films to a reader, at home and away."""
    sides = scope.both()
    reliable, reliable_table = calibrated(sides)
    risk, risk_table = selective(sides)
    return [
        *(block for each in sides for block in (heading(each.title), *promised(each))),
        heading("Calibration, and what is gained by leaving the least certain films to a reader"),
        reliable,
        risk,
        beside(reliable_table, risk_table),
    ]


def calibrated(sides: list[Scope]) -> tuple[Chart, str]:
    """Reliability before and after temperature scaling, of the called class's probability; the
    chart of several sides shows it after scaling alone."""
    drawn, rows = {}, []
    for side in sides:
        found = arrays(side.films, side.bundle.labels)
        logits = side.films[[f"logit_{label}" for label in side.bundle.labels]].to_numpy()
        stages = {
            "before scaling": calibration.softmax(logits),
            f"after, temperature {side.bundle.temperature:.2f}": found.p,
        }
        for stage, p in stages.items():
            bins = calibration.reliability(p.max(1), found.truth == found.called)
            brier = share(calibration.brier(p, found.truth))
            rows.append((escape(side.short), escape(stage), share(bins.error), brier))
            if len(sides) == 1:
                drawn[stage] = bins
            elif p is found.p:
                drawn[side.short] = bins
    chart = Chart(
        charts.reliability(drawn),
        "Reliability diagram: share that came true against probability, and films a bin",
    )
    head = ["Films", "", "Expected calibration error", "Brier score"]
    return chart, table(head, rows, text=2) + quiet(
        f"Of the called class, in {calibration.BINS} bins of equal width. The temperature was "
        "fitted on val.<br>Brier: summed over classes, 0 to 2."
    )


def selective(sides: list[Scope]) -> tuple[Chart, str]:
    """Share of wrong calls when films are left out, the least certain first."""
    drawn, rows = {}, []
    for side in sides:
        found = arrays(side.films, side.bundle.labels)
        right = found.truth == found.called
        curve = drawn[side.short] = risk_coverage(found.p.max(1), right)
        for wanted in (1.0, 0.95, 0.9, 0.8, 0.5):
            place = int(np.searchsorted(curve[1], wanted - 1e-12))
            place = min(place, len(curve[1]) - 1)
            called = f"{100 * curve[1][place]:.1f} %"
            rows.append(
                (escape(side.short), called, share(curve[2][place]), share(curve[0][place]))
            )
    chart = Chart(
        charts.risk_coverage(drawn),
        "Share of wrong calls against the share of films called",
    )
    head = ["Films", "Films called", "Wrong among them", "If the highest score is at least"]
    return chart, table(head, rows)


def promised(scope: Scope) -> list[Block]:
    """What sets of classes promise, and what they keep here."""
    title = heading("Sets of classes: what is promised, and what is kept on these films")
    found = _kept(scope.key, scope.split, scope.source)
    if not found:
        name = escape(scope.bundle.folder.name)
        return [
            title,
            said("The bundle has no limits for sets of classes. They are fitted by:"),
            quiet(f"<code>python -m train calibrate --out models/{name}</code>"),
        ]
    by_class = {name: [x for x in each if not x.source] for name, each in found.items()}
    by_source = {name: [x for x in each if x.source] for name, each in found.items()}
    tables = [_table(by_class)]
    if any(by_source.values()):
        tables.append(_table(by_source))
    least = "; ".join(
        f"for {_percent(float(name))}, "
        + ", ".join(f"{escape(label)} {share(limit)}" for label, limit in limits.items())
        for name, limits in scope.bundle.conformal.items()
    )
    return [
        title,
        *map(said, sentences(scope.split, list(found.values()))),
        beside(*tables),
        quiet(
            f"A set holds every class whose probability is at least: {least}. These limits were "
            "fitted on val, class by class. An empty set: no class reaches its limit. "
            f"{BROKEN} surely below what was promised (the whole 95 % interval, by patient); "
            f"fewer than {SMALL} films are grey."
        ),
    ]


@st.cache_data(max_entries=32, show_spinner="Resampling patients")
def _kept(key: Key, split: str, source: str) -> dict[str, list[ClassCoverage]]:
    """Promised share, as the bundle writes it → what was kept, class by class."""
    rows, labels = part(key, split, source), bundle(key).labels
    return {
        name: set_coverage.kept(rows, labels, limits, float(name), affordable(rows))
        for name, limits in bundle(key).conformal.items()
    }


def _table(found: dict[str, list[ClassCoverage]]) -> str:
    """A line a class, or a class of a source; three columns a promise."""
    lines = list(zip(*found.values(), strict=True))
    of_source = any(each[0].source for each in lines)
    head = [*(["Source"] if of_source else []), "Class", "Films"]
    for name in found:
        head += [f"In its set,<br>of {_percent(float(name))}", "Classes<br>a set", "Empty"]
    rows, grey = [], []
    for number, line in enumerate(lines):
        first = line[0]
        cells = [escape(site(first.source))] if of_source else []
        cells += [escape(first.label), f"{first.films:,}"]
        for each in line:
            cells += [_share(each), f"{each.size:.2f}", f"{100 * each.empty:.0f} %"]
        rows.append(cells)
        if first.films < SMALL:
            grey.append(number)
    return table(head, rows, grey, text=2 if of_source else 1)


def _share(each: ClassCoverage) -> str:
    return f"{BROKEN if each.broken else ''} {ranged(each)}"


def sentences(split: str, found: Iterable[list[ClassCoverage]]) -> list[str]:
    """What it means, in words that follow from the figures."""
    all_of = [each for kept in found for each in kept]
    whole = [each for each in all_of if not each.source]
    broken = [each for each in whole if each.broken]
    if split == "val" and not broken:
        return ["The limits were fitted on these very films: here they hold by construction."]
    if broken:
        worst = max(broken, key=lambda each: each.promised - each.value)
        name = escape(worst.label)
        return [
            f"The promise is broken here for {_and(sorted({escape(x.label) for x in broken}))}. "
            f"Of 100 films labelled {name}, {100 * worst.promised:g} were to have {name} in "
            f"their set; {100 * worst.value:.0f} have.",
            f"On films like these a set without {name} does not rule {name} out: the promise "
            "is made for films drawn like those of val, and for no other hospital.",
        ]
    apart = sorted({(x.source, x.label) for x in all_of if x.broken and x.films >= SMALL})
    if apart:
        places = _and([f"{escape(label)} in {escape(site(source))}" for source, label in apart])
        return [
            "All sources together, each class’s promise holds as far as these films can tell. It "
            f"does not hold in each: {places} {'falls' if len(apart) == 1 else 'fall'} short. "
            "A promise for the mean of several hospitals is none for one of them."
        ]
    if any(np.isnan(each.high) for each in whole):
        return ["Without intervals it cannot be told whether the promise holds here."]
    return ["Each class’s promise holds on these films, as far as they can tell."]


def _percent(value: float) -> str:
    return f"{100 * value:g} %"


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
