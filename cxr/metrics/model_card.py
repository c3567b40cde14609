"""The model card (Mitchell et al. 2019), made from a bundle alone: what the network is, what it was
measured to be, where it fails. The words that no figure can say, about use and data, come from the
recipe and stand in the bundle as ``provenance["recipe"]["card"]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..model import reference
from ..model.bundle import Bundle
from ..notice import NOTICE
from . import predictions, subgroups
from .bootstrap import Estimate, draw
from .evidence import figures, pair_area
from .operating_points import WHO_SENSITIVITY, WHO_SPECIFICITY, rates, reaching

WORDS = ("about", "use", "data", "licences", "limits")
"""Parts of the card that a recipe may write: Markdown each."""
AUDITED = {
    "sound": "the network",
    "thumbnail": "16 × 16 pixels of a film, no network",
    "border": "the outer two rows and columns of these alone",
    "ahead_of_thumbnail": "the network ahead of the 16 × 16 pixels",
    "ahead_of_border": "the network ahead of their outer rows and columns",
    "lungs_erased": "the network, lungs erased",
    "surroundings_erased": "the network, all but the lungs erased",
    "borders_erased": "the network, borders erased (44 % of the film)",
}
"""What the shortcut audit scores, and by how much one is ahead of another, in words."""


def card(bundle: Bundle) -> str:
    """The card as Markdown.

    Parameters
    ----------
    bundle : Bundle
        Checked; its ``predictions.csv`` is read.

    Raises
    ------
    BundleError
        See :func:`cxr.metrics.predictions.table`.
    """
    rows = predictions.table(bundle)
    words = bundle.provenance.get("recipe", {}).get("card", {})
    parts = [
        ["# Model card", f"**{NOTICE}**", _identity(bundle)],
        _said("What it is", words.get("about")),
        _said("What it is for", words.get("use")),
        _said("What it was trained on", words.get("data")),
        _split(bundle, rows, "test", "In hospitals that it knows"),
        _split(bundle, rows, "external", "In hospitals that it does not know"),
        ["## Subgroups of test", *_subgroups(rows, bundle.labels)],
        ["## Does it tell the disease or the hospital?", *_audit(bundle)],
        ["## Calibration, operating points, sets", *_trust(bundle, rows)],
        _away(bundle, rows),
        ["## The shipped network", *_network(bundle)],
        _said("Known limits", words.get("limits")),
        _said("Licences of the data", words.get("licences")),
    ]
    return "\n\n".join(line for part in parts for line in part) + "\n"


def _identity(bundle: Bundle) -> str:
    return (
        f"`{bundle.name}`, network `{bundle.digest}`, written {bundle.created}. "
        f"`python -m train card --out models/{bundle.name}` made this page from the bundle; it is "
        "never edited. Intervals are 95 %, bootstrapped by patient where the patient is known."
    )


def _said(title: str, text: str | None) -> list[str]:
    return [f"## {title}", text.strip()] if text else []


def _split(bundle: Bundle, rows: pd.DataFrame, split: str, title: str) -> Iterator[str]:
    """Figures by class of all films where every source is known to the model; by source always,
    since unseen sites pooled would tell the label by the site."""
    part = rows[rows.split == split]
    if part.empty:
        return
    yield f"## {title}: {split}, {len(part):,} films"
    if split == "test":
        found = figures(part, bundle.labels)
        names = ("precision", "recall", "specificity", "f1", "auroc", "average_precision")
        yield _table(
            ("class", "films", *names),
            [
                (x, f"{found['recall', x].films:,}", *(_number(found[n, x]) for n in names))
                for x in bundle.labels
            ]
            + [("macro", f"{len(part):,}", *(_number(found[n, "macro"]) for n in names))],
        )
        yield (
            ", ".join(
                f"{n.replace('_', ' ')} {_number(found[n, ''])}"
                for n in ("accuracy", "balanced_accuracy", "kappa")
            )
            + "."
        )
    lines = []
    for source, site in part.groupby("source", observed=True):
        recalls = figures(site, bundle.labels)
        held = [x for x in bundle.labels if recalls["recall", x].films]
        pairs = [
            f"{two} against {one} {_number(pair_area(site, two, one))}"
            for i, one in enumerate(held)
            for two in held[i + 1 :]
            if min(recalls["recall", one].films, recalls["recall", two].films) >= subgroups.SMALL
        ]
        recall = [
            f"{x} {_number(recalls['recall', x])} of {recalls['recall', x].films}" for x in held
        ]
        lines.append((str(source), f"{len(site):,}", "; ".join(recall), "; ".join(pairs) or "–"))
    yield _table(("source", "films", "called what it is labelled", "AUROC"), lines)


def _subgroups(rows: pd.DataFrame, labels: tuple[str, ...]) -> Iterator[str]:
    """Accuracy by what is known of the film; sources stand above."""
    test = rows[rows.split == "test"]
    kinds = tuple(d for d in subgroups.DIMENSIONS if d != "source")
    found = subgroups.worst_first(subgroups.all_subgroups(test, labels, kinds), ("accuracy", ""))
    large = [each for each in found if each.films >= subgroups.SMALL]
    yield _table(
        ("subgroup", "films", "accuracy", "balanced accuracy"),
        [
            (
                f"{each.by.replace('_', ' ')} {each.name}",
                f"{each.films:,}",
                _number(each.figures["accuracy", ""]),
                _number(each.figures["balanced_accuracy", ""]),
            )
            for each in large
        ],
    )
    if left := len(found) - len(large):
        yield f"Left out for having fewer than {subgroups.SMALL} films: {left}."


def _audit(bundle: Bundle) -> Iterator[str]:
    found = bundle.metrics.get("audit")
    if not found:
        yield f"Not asked yet: `python -m train audit --data DIR --out models/{bundle.name}`."
        return
    yield f"**{found['verdict']}**"
    yield _table(
        ("macro-F1 on test", ""),
        [(name, _interval(found[key])) for key, name in AUDITED.items() if key in found],
    )
    yield _table(
        ("among films of one label", "sites", "site told from the features", "chance"),
        [
            (label, f"{x['sites']}", f"{x['accuracy']:.3f}", f"{x['chance']:.3f}")
            for label, x in found["sites"].items()
        ],
    )


def _trust(bundle: Bundle, rows: pd.DataFrame) -> Iterator[str]:
    yield f"Temperature {bundle.temperature:.3f}, fitted on val."
    for label, point in bundle.operating_points.items():
        yield (
            f"Operating point of {label}: {point['threshold']:.3g}, the highest score with a "
            f"sensitivity of at least {point['wanted_sensitivity']:g} on {point['split']}; there "
            f"it has sensitivity {point['sensitivity']:.3f} and specificity "
            f"{point['specificity']:.3f}."
        )
    if bundle.operating_points:
        yield _table(
            ("operating point of", "on", "films", "sensitivity", "specificity"),
            _reached(bundle, rows),
        )
    groups: dict[str, Mapping[str, Any]] = {"test": bundle.metrics.get("test", {}).get("sets", {})}
    for site, each in (bundle.metrics.get("external") or {}).items():
        groups[site] = each.get("sets", {})
    lines = [
        (where, share, label, f"{x['n']:,}", *_coverage(x))
        for where, sets in groups.items()
        for share, by_label in sets.items()
        for label, x in by_label.items()
        if label in bundle.labels
    ]
    if lines:
        yield (
            "A film's conformal set holds the classes that it may have. On val, and on films like "
            "those, it holds the right one as often as promised; elsewhere nothing is promised:"
        )
        yield _table(("films", "promised", "label", "n", "achieved", "mean size", "empty"), lines)


def _reached(bundle: Bundle, rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """What the operating points do on `test`, and in each hospital that is new to the network."""
    kept = rows[rows.split.isin(["test", "external"])]
    where = kept.source.astype(str).where(kept.split == "external", "test")
    for label, point in bundle.operating_points.items():
        for name in ("test", *sorted(set(where) - {"test"})):
            part = kept[where == name]
            if part.empty:
                continue
            score = part[f"p_{label}"].to_numpy()
            yield label, name, f"{len(part):,}", *_rates(part, score, label, point["threshold"])


def _rates(
    part: pd.DataFrame, score: NDArray[np.floating], label: str, threshold: float
) -> Iterator[str]:
    """Sensitivity and specificity with the films that they rest on."""
    positive, patients = (part.label == label).to_numpy(), predictions.clusters(part)
    found = rates(score, positive, threshold, patients, draw(patients))
    for one, n in zip(found, (positive.sum(), (~positive).sum()), strict=True):
        yield f"{_number(one)} of {n:,}" if n else "–"


def _away(bundle: Bundle, rows: pd.DataFrame) -> Iterator[str]:
    """What thresholds do in external hospitals that the films of the reference's set."""
    if (known := reference.load(bundle)) is None:
        return
    two, one = known.positive, known.negative
    yield f"## {two} against {one} in hospitals that it does not know"
    films = "; ".join(
        f"{name}, {' and '.join(f'{n:,} {label}' for label, n in counts.items())}"
        for name, counts in known.hospitals.items()
    )
    by = ""
    if known.left_out:
        by = f"; {' and '.join(known.left_out)} by a network like it that was kept from there"
    yield (
        f"There a film's score is its log-odds of {two} against {one}, since {two} shares its "
        f"probability with labels that are not asked about. Thresholds of hospitals that were left "
        f"out ({films}{by}), and what they do in others of `external`, films of {one} and {two}:"
    )
    score = np.concatenate([known.unseen_negatives, known.unseen_positives])
    there = np.arange(len(score)) >= len(known.unseen_negatives)
    wishes = {
        f"specificity {WHO_SPECIFICITY:g}": reaching(score, there, specificity=WHO_SPECIFICITY),
        f"sensitivity {WHO_SENSITIVITY:g}": reaching(score, there, sensitivity=WHO_SENSITIVITY),
    }
    others = (rows.split == "external") & ~rows.source.isin(list(known.hospitals))
    external = rows[others & rows.label.isin([one, two])]
    lines = []
    for wish, threshold in wishes.items():
        if threshold is None:
            continue
        for name, part in external.groupby(external.source.astype(str)):
            odds = (part[f"logit_{two}"] - part[f"logit_{one}"]).to_numpy() / bundle.temperature
            told = _rates(part, odds, two, threshold)
            lines.append((f"{wish}: {threshold:.2f}", name, f"{len(part):,}", *told))
    yield _table(("log-odds for", "on", "films", "sensitivity", "specificity"), lines)


def _coverage(found: Mapping[str, float]) -> tuple[str, str, str]:
    return f"{found['covered']:.3f}", f"{found['size']:.2f}", f"{found['empty']:.3f}"


def _network(bundle: Bundle) -> Iterator[str]:
    how, agreed = bundle.preprocessing, bundle.agreement
    cut = f", {how.crop} of them cut off at each edge and the rest enlarged" if how.crop else ""
    yield (
        f"Films are reduced to {how.longer_side} pixels by area averaging and shown at "
        f"{how.size} × {how.size}{cut}. LiteRT runs it; `model.keras` is the same network, for "
        "gradients."
    )
    if agreed:
        yield (
            f"On the {agreed['films']:,} films of val the float32 export differs from Keras by at "
            f"most {agreed['fp32_logit_difference']:.1e} in a logit, the shipped network from "
            f"`model.keras` by {agreed['shipped_probability_difference']:.1e} in a probability; "
            "folding and rounding to float16 moved a probability of the trained network by up to "
            f"{agreed['rounding_probability_difference']:.3f} and left the class of "
            f"{agreed['rounding_same_class']:.2%} as it was."
        )


def _interval(found: Mapping[str, float]) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _number(found: Estimate) -> str:
    """A figure and its interval; – where either has nothing to stand on."""
    if found.value != found.value:
        return "–"
    if found.low != found.low:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = [name.replace("_", " ") for name in head]
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
