"""At home and away, side by side, and in words what lies between."""

from __future__ import annotations

from html import escape
from math import isnan

import streamlit as st

from cxr.metrics import evidence
from cxr.metrics.evidence import Drop, Figure, Name
from cxr.metrics.subgroups import SMALL
from ui.base.formatting import site
from ui.metrics import audit
from ui.metrics.blocks import (
    SPLITS,
    Block,
    beside,
    films,
    heading,
    named,
    quiet,
    ranged,
    said,
    share,
    table,
)
from ui.metrics.scope import scope, sources, splits
from ui.session.tables import Key, all_films, bundle, part

HOME, AWAY = "test", "external"
WIDE = 0.05
"""A drop that is surely larger than this is more than a detail."""


def blocks(key: Key) -> list[Block]:
    """The two columns, the sentences, and every source by itself."""
    there = splits(key)
    out: list[Block] = []
    if HOME in there and AWAY in there:
        out += [_side_by_side(key), *map(said, sentences(key))]
    elif AWAY not in there:
        out.append(
            said(
                "No film of a hospital that it doesn’t know has been scored: what these figures "
                "are worth elsewhere is not known."
            )
        )
    apart = [
        heading(f"{SPLITS[split]}, {scope(bundle(key), split).meant}: each source by itself")
        + _by_source(key, split)
        for split in (HOME, AWAY)
        if split in there
    ]
    out += [
        beside(*apart),
        quiet(
            "In brackets: 95 % intervals, bootstrapped by patient where the patient is known; "
            "(1–1) only says that no error was seen. "
            f"Figures of fewer than {SMALL} films are grey. –: not defined, for want of films; of "
            "patients: not known."
        ),
        *map(quiet, _lacks(key)),
        *audit.blocks(bundle(key)),
    ]
    if unread := int(all_films(key).age_unread.sum()):
        out.append(
            quiet(
                f"The table gives an age that cannot be read for {films(unread)}; it counts as "
                "unknown, and nothing else depends on it."
            )
        )
    return out


@st.cache_data(max_entries=16, show_spinner="Resampling patients")
def _drop(key: Key) -> dict[Name, Drop]:
    home, away = part(key, HOME), part(key, AWAY)
    return evidence.drop(home, away, bundle(key).labels, evidence.affordable(home, away))


@st.cache_data(max_entries=64, show_spinner=False)
def pair(key: Key, split: str, source: str) -> Figure | None:
    """T-versus-N AUROC of a source; None where it lacks thirty films of one of them, or the model
    one of the labels."""
    rows = part(key, split, source)
    if not _ranks(key):
        return None
    if min((rows.label == label).sum() for label in "TN") < SMALL:
        return None
    return evidence.pair_area(rows, "T", "N", evidence.affordable(rows))


def _ranks(key: Key) -> bool:
    """Whether the model has both of the labels that are held against each other."""
    return {"T", "N"} <= set(bundle(key).labels)


def _lacks(key: Key) -> list[str]:
    """That a label is not the model's own, where figures of both together are looked for."""
    lacking = [label for label in ("T", "N") if label not in bundle(key).labels]
    if not lacking:
        return []
    names = f"label{'s' * (len(lacking) > 1)} {' and '.join(lacking)}"
    return [f"This model has no {names}: nothing here says how it tells T from N."]


def _side_by_side(key: Key) -> str:
    sides = [scope(bundle(key), split).of_calls() for split in (HOME, AWAY)]
    rows = [
        (
            named(name),
            *(ranged(side[name]) for side in sides),
            ranged(lost),
        )
        for name, lost in _drop(key).items()
    ]
    return table(["", *(_column(key, split) for split in (HOME, AWAY)), "Drop"], rows)


def _column(key: Key, split: str) -> str:
    here = scope(bundle(key), split)
    return (
        f"{SPLITS[split]}: {here.meant}<br><small>{here.many(here.of_calls()['accuracy', ''])}, "
        f"{len(sources(key, split))} sources pooled</small>"
    )


def sentences(key: Key) -> list[str]:
    """What the drop means, in words that follow from its figures."""
    lost = _drop(key)
    whole = lost["balanced_accuracy", ""]
    out = [
        f"Balanced accuracy is {share(whole.home)} in hospitals it knows and {share(whole.away)} "
        f"in hospitals it doesn’t. {_verdict(whole)}"
    ]
    for (figure, name), line in lost.items():
        if figure == "recall" and line.low > 2 * WIDE:
            label = escape(name)
            out.append(
                f"Of 100 films labelled {label}, it calls {100 * line.home:.0f} {label} at home "
                f"and {100 * line.away:.0f} away."
            )
    return [*out, *_orders(key)]


def _verdict(whole: Drop) -> str:
    if isnan(whole.low):
        return "There are too few patients, or too many films, for an interval of the drop."
    drop = f"The drop, {ranged(whole)},"
    if whole.low > WIDE:
        return (
            f"{drop} is far beyond chance: what it learnt holds for the hospitals it was trained "
            "on, and its calls elsewhere are not to be relied on."
        )
    if whole.low > 0:
        return f"{drop} is more than chance: expect it to do worse elsewhere."
    if whole.high < 0:
        return "It does no worse there."
    return f"{drop} cannot be told from chance with these films."


def _orders(key: Key) -> list[str]:
    """Whether the scores still rank T above N where both can be seen in one hospital."""
    out = []
    for source in sources(key, AWAY):
        area = pair(key, AWAY, source)
        if area is None or isnan(area.low):
            continue
        place = escape(site(source))
        if area.low > 0.5:
            out.append(
                f"In {place} its scores still put T above N more often than a coin would "
                f"(AUROC {ranged(area)}), which is no reason to keep its threshold there."
            )
        else:
            out.append(
                f"In {place} its order of T and N cannot be told from a coin toss "
                f"(AUROC {ranged(area)})."
            )
    return out


def _by_source(key: Key, split: str) -> str:
    labels = bundle(key).labels
    rows, grey = [], []
    for number, source in enumerate(sources(key, split)):
        here = scope(bundle(key), split, source)
        figures = here.of_calls()
        whole, area = figures["accuracy", ""], pair(key, split, source)
        cells = [_recall(figures["recall", label]) for label in labels]
        both = [ranged(area) if area else "–"] * _ranks(key)
        patients = f"{whole.patients:,}" if here.patients_known else "–"
        rows.append((escape(site(source)), f"{whole.films:,}", patients, *cells, *both))
        if whole.films < SMALL:
            grey.append(number)
    head = ["Source", "Films", "Patients", *(f"{escape(x)} called {escape(x)}" for x in labels)]
    return table([*head, *["AUROC, T against N"] * _ranks(key)], rows, grey)


def _recall(found: Figure) -> str:
    if not found.films:
        return "–"
    cell = f"{ranged(found)}<br><small>of {found.films:,}</small>"
    return f'<span class="ev-dim">{cell}</span>' if found.films < SMALL else cell
