"""What a hospital profile is worth where the network has never been."""

from __future__ import annotations

from html import escape

from cxr.errors import BundleError
from cxr.metrics import hospital_profiles
from cxr.metrics.hospital_profiles import (
    TOLERANCE,
    Alone,
    CurvePoint,
    Hospital,
    HospitalFigures,
    Limit,
    Unlabelled,
)
from cxr.model.bundle import Bundle
from cxr.site.thresholds import LEAST
from ui.base import charts
from ui.base.formatting import percent, site
from ui.metrics.blocks import Block, Chart, heading, quiet, ranged, said, share, table


def blocks(bundle: Bundle) -> list[Block]:
    """Learning curves, a table a hospital, and how they were made; where there are none, the
    command."""
    try:
        found = hospital_profiles.load(bundle)
    except BundleError as refusal:
        return [said(escape(str(refusal)))]
    if found is None:
        name = escape(bundle.folder.name)
        command = f"python -m train hospitals --data DIR --out models/{name} --at HOSPITALS"
        return [
            quiet(
                "What hospital profiles are worth was not measured yet. "
                f"<code>{command}</code> does."
            )
        ]
    title = heading("Hospitals that it never learnt from, without and with a hospital profile")
    named = {**dict.fromkeys(found.hospitals, ""), **_by_others(found)}
    tables = [part for each, by in named.items() for part in _hospital(found, each, by)]
    parts = [title, *_curves(named), *tables, *_left_out(found), *_one_label(found)]
    return [*parts, quiet(_how(found))]


def _by_others(found: HospitalFigures) -> dict[Hospital, str]:
    """Hospitals that it learnt from → what says that the figures are of another network."""
    return {each.hospital: f", by network {each.by[:12]}" for each in found.left_out}


def _left_out(found: HospitalFigures) -> list[Block]:
    if not found.left_out:
        return []
    names = " and ".join(site(each.hospital.name) for each in found.left_out)
    return [
        quiet(
            f"This network learnt from {escape(names)}: the figures there are those of another "
            "network, which was kept from it, and say what a profile is worth, not what this "
            "network’s would be."
        )
    ]


def _curves(named: dict[Hospital, str]) -> list[Block]:
    """All on the same axis, so that hospitals can be held against each other."""
    areas = [area for each in named for area in (each.area, *_ends(each))]
    span = max(0.0, min(areas) - 0.02), min(1.0, max(areas) + 0.02)
    return [
        Chart(
            charts.profiles(
                site(each.name) + (", another network" if by else ""),
                [step.films for step in each.steps],
                [step.head for step in each.steps],
                each.area,
                span,
            ),
            f"{site(each.name)}{by}: AUROC by films of each label, median and where nine draws of "
            f"ten lie. No profile {share(each.area)}; "
            + "; ".join(
                f"{step.films} + {step.films}: {share(step.head.value)} "
                f"({share(step.head.low)} to {share(step.head.high)})"
                for step in each.steps
            ),
        )
        for each, by in named.items()
    ]


def _ends(each: Hospital) -> list[float]:
    return [end for step in each.steps for end in (step.head.low, step.head.high)]


def _hospital(found: HospitalFigures, each: Hospital, by: str) -> list[Block]:
    ill, well = escape(found.positive), escape(found.negative)
    none = "–"
    rows = [
        ["No profile", share(each.area), share(each.sensitivity), share(each.specificity)]
        + [none] * 4,
        *(
            [f"{alone.films} {well} alone", none, *_shares(alone), none, none, *_met(alone)]
            for alone in each.alone
        ),
        *(_with_head(step) for step in each.steps),
        *(
            [
                f"{moved.films} unlabelled, {ill} stated {percent(round(moved.stated, 2))}",
                ranged(moved.area),
                *_shares(moved),
                *[none] * 4,
            ]
            for moved in each.unlabelled
        ),
    ]
    head = [
        "Films learnt from",
        "AUROC",
        f"{ill} called {ill}",
        f"{well} not called {ill}",
        "Head offered",
        "Least gain",
        "Specificity met",
        "Interval holds",
    ]
    films = f"{each.negatives:,} {found.negative}, {each.positives:,} {found.positive}"
    title = heading(f"{site(each.name)}: {films}{by}")
    return [title, table(head, rows), *_moved(found, each), _crude(found, each)]


def _moved(found: HospitalFigures, each: Hospital) -> list[Block]:
    if not each.unlabelled:
        return []
    ill, share_of = escape(found.positive), percent(round(each.unlabelled[0].share, 2))
    return [
        quiet(
            f"Unlabelled: the network’s averages are moved to those of known hospitals at a stated "
            f"share of {ill}; there it is {share_of}. No threshold is fitted: called by the higher "
            "score."
        )
    ]


def _one_label(found: HospitalFigures) -> list[Block]:
    """Hospitals where one of the labels is missing, and what can be said of them."""
    if not found.one_label:
        return []
    ill, well = escape(found.positive), escape(found.negative)
    rows = [
        [
            escape(site(each.name)),
            ", ".join(f"{n:,} {escape(label)}" for label, n in each.films.items()),
            ", ".join(f"{share(x, 2)} of {escape(label)}" for label, x in each.called.items()),
            "; ".join(
                f"{limit.films} {well}: {ranged(limit.specificity)}, met {share(limit.met, 2)}"
                for limit in each.alone
            )
            or f"none: too few {well}",
        ]
        for each in found.one_label
    ]
    head = ["Hospital", "Films", f"Called {ill}, no profile", f"Specificity from its own {well}"]
    return [
        heading("Hospitals that lack a label"),
        table(head, rows, text=len(head)),
        quiet(
            f"Without {well} of its own a hospital gets no threshold: that of another hospital is "
            f"not offered, and how well {ill} is told from {well} there cannot be said."
        ),
    ]


def _with_head(step: CurvePoint) -> list[str]:
    return [
        f"{step.films} + {step.films}",
        ranged(step.head),
        *_shares(step),
        share(step.offered, 2),
        share(step.least_gain),
        *_met(step),
    ]


def _met(found: Limit) -> list[str]:
    return [share(found.met, 2), "–" if found.held is None else share(found.held, 2)]


def _shares(found: Alone | Unlabelled) -> list[str]:
    return [ranged(found.sensitivity), ranged(found.specificity)]


def _crude(found: HospitalFigures, each: Hospital) -> str:
    tripping = [crude for crude in each.crude if crude.trips]
    if not tripping:
        looks = ", ".join(escape(crude.what) for crude in each.crude)
        return quiet(f"No crude look tells its piles apart about as well ({looks}).")
    told = ", ".join(f"{escape(crude.what)} {share(crude.area)}" for crude in tripping)
    return said(
        f"A crude look tells {escape(found.positive)} from {escape(found.negative)} here about as "
        f"well as the network (AUROC: {told}): its piles may differ by something other than "
        "disease, and a head may have learnt that."
    )


def _how(found: HospitalFigures) -> str:
    hospitals = (*found.hospitals, *(each.hospital for each in found.left_out))
    draws = sorted({step.draws for each in hospitals for step in each.steps})
    drawn = f"{draws[0]:,}" if len(draws) == 1 else f"{draws[0]:,} to {draws[-1]:,}"
    ill, well = escape(found.positive), escape(found.negative)
    return (
        f"{drawn} draws for each number of films, judged on the films of all other patients there: "
        "median, and where nine draws of ten lie. No profile: all films, called by the higher "
        f"score of {ill} and {well}. With labels: AUROC and least gain (in the worst draw) are "
        "those of a head of the hospital’s own, offered or not; shares are at the threshold for a "
        f"specificity of {share(found.wanted, 2)}, of that head where it is offered, else of the "
        f"shipped scores. Met: share of draws within {share(TOLERANCE, 2)} of it. Interval holds: "
        "share of draws whose profile reports one that holds the specificity there. From fewer "
        f"than {LEAST} films of a label the app fits no threshold. –: does not apply."
    )
