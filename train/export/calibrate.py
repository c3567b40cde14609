"""What is fitted on `val` once a network is fixed: temperature, operating points, sets of classes;
and the figures that follow. Needs ``predictions.csv`` alone, so a bundle can be calibrated again.

An operating point for hospitals that the network doesn't know is no matter of `val`: it is found on
the films of a site that another run of the same recipe was kept from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.errors import DataError
from cxr.model.bundle import Bundle, write_manifest
from cxr.model.calibration import fit_temperature, softmax
from cxr.model.decision import choose_operating_point, conformal_limits

from ..data.splits import LEFT_OUT
from ..evaluation import evaluate
from ..fit import runs
from ..recipes import recipe

SENSITIVITY = {"T": 0.9}
"""Label → least sensitivity on `val` of its operating point: WHO's 2014 profile for a TB triage
test asks for 90 %."""
COVERAGES = (0.9, 0.95)


def wished(recipe: Mapping[str, Any]) -> Mapping[str, float]:
    """Label → least sensitivity that a recipe, as a dict, wants of its operating point."""
    wish: Mapping[str, float] = recipe.get("operating") or SENSITIVITY
    return wish


def check_labels(asked: Collection[str], labels: Collection[str]) -> None:
    """Refuse an operating point of a label that a network doesn't have.

    Raises
    ------
    DataError
        ``unknown_label``
    """
    if strange := [label for label in asked if label not in labels]:
        raise DataError(
            "unknown_label",
            f"No label is called {', '.join(strange)}; the network's are {', '.join(labels)}. Say "
            "one of them to --sensitivity, in the same letters.",
        )


def fitted(
    rows: pd.DataFrame, labels: tuple[str, ...], sensitivity: Mapping[str, float] = SENSITIVITY
) -> dict[str, Any]:
    """Everything of a bundle that is fitted on, or measured by, its predictions.

    Parameters
    ----------
    rows : DataFrame
        ``predictions.csv``, as :func:`train.evaluation.evaluate.predictions` reads it.
    labels : tuple of str
    sensitivity : mapping
        Label → sensitivity wanted of its operating point; labels that the network doesn't have
        are passed over.

    Returns
    -------
    dict with ``temperature``, ``operating_points``, ``conformal`` and ``metrics``, as
    :class:`cxr.model.bundle.Bundle` describes them, without ``metrics["external"]``.
    """
    val = rows[rows.split == "val"]
    truth, logits = evaluate.truth_of(val, labels), evaluate.logits_of(val, labels)
    temperature = fit_temperature(logits, truth)
    p = softmax(logits, temperature)
    points = {
        label: vars(choose_operating_point(p[:, k], truth == k, sensitivity[label]))
        for k, label in enumerate(labels)
        if label in sensitivity
    }
    limits = {
        f"{share:g}": dict(zip(labels, conformal_limits(p, truth, share).tolist(), strict=True))
        for share in COVERAGES
    }
    return {
        "temperature": temperature,
        "operating_points": points,
        "conformal": limits,
        "metrics": {
            split: {
                **evaluate.split_figures(part, labels),
                "sets": evaluate.set_figures(part, labels, temperature, limits),
            }
            for split, part in rows[rows.split.isin(["val", "test"])].groupby("split")
        },
    }


def unseen_points(
    run: Path, labels: tuple[str, ...], sensitivity: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Operating points that a network needed at a site which it was kept from, on probabilities
    that its own `val` calibrated: what one such hospital took, not what the next will.

    Parameters
    ----------
    run : Path
        A folder of ``python -m train sites``, with its ``predictions.csv``.
    labels : tuple of str
    sensitivity : mapping
        Label → least sensitivity.

    Returns
    -------
    dict: label → an :class:`cxr.model.decision.OperatingPoint` as a dict; its ``split`` is the
    site, of several the one with the lowest threshold, and ``films`` counts the site's by label.
    Labels that no left-out site holds beside others are passed over.

    Raises
    ------
    DataError
        ``no_unseen`` if no label is left.
    """
    rows = evaluate.scores(run)
    val, away = rows[rows.split == "val"], rows[rows.split == LEFT_OUT]
    found: dict[str, dict[str, Any]] = {}
    if len(val) and len(away):
        temperature = fit_temperature(
            evaluate.logits_of(val, labels), evaluate.truth_of(val, labels)
        )
        p = softmax(evaluate.logits_of(away, labels), temperature)
        for site in sorted(set(away.source)):
            here = (away.source == site).to_numpy()
            counts = away.label[here].value_counts().sort_index()
            for label in (sensitivity.keys() & counts.keys()) if len(counts) > 1 else ():
                score, positive = p[here, labels.index(label)], away.label[here] == label
                point = choose_operating_point(score, positive.to_numpy(), sensitivity[label], site)
                if label not in found or point.threshold < found[label]["threshold"]:
                    found[label] = {**vars(point), "films": counts.to_dict()}
    if not found:
        raise DataError(
            "no_unseen",
            f"No site that {run.name!r} left out holds films of {' or '.join(sensitivity)} beside "
            "others. Name a run without such a site.",
        )
    return found


def _check_run(run: Path, values: Mapping[str, Any], rows: pd.DataFrame) -> None:
    """Refuse a run that is not of a bundle's recipe, or was scored on the bundle's `external`."""
    if "recipe" not in values["provenance"]:
        raise DataError(
            "no_recipe", "No recipe led to this bundle: no run is of it. Leave --unseen out."
        )
    runs.check_recipe(run, recipe.made(values["provenance"]["recipe"]))
    scored = evaluate.scores(run)
    external = rows.image[rows.split == "external"]
    if scored.image[scored.split == LEFT_OUT].isin(external).any():
        raise DataError(
            "other_films",
            f"Films that {run.name!r} left out are external films of the bundle: nothing may be "
            "chosen by those. Name a run without a site of train.",
        )


def calibrate(
    folder: Path, sensitivity: Mapping[str, float] | None = None, run: Path | None = None
) -> Bundle:
    """Fit a bundle's temperature, operating points and sets anew; its network stays.

    Parameters
    ----------
    folder : Path
    sensitivity : mapping, optional
        Label → least sensitivity of its operating point. Labels left out keep what the bundle's
        recipe says; in a bundle that no recipe led to, what their points were chosen for.
    run : Path, optional
        A run of the bundle's recipe without some sites: :func:`unseen_points` of it take the place
        of those that the bundle has for the same labels. All others stay, as they were asked for.

    Raises
    ------
    BundleError
        ``wrong_task``
    DataError
        ``unknown_label``; of `run` ``no_recipe``, ``no_run``, ``other_run``, ``other_films`` or
        ``no_unseen``.
    """
    values = evaluate.values_of(folder)
    labels = tuple(values["labels"])
    check_labels(sensitivity or (), labels)
    sensitivity = {**_kept(values), **(sensitivity or {})}
    scored = bool(values["metrics"].get("external"))
    rows, before = evaluate.predictions(folder), values["operating_points"]
    found = fitted(rows, labels, sensitivity)
    unseen = {label: point["unseen"] for label, point in before.items() if "unseen" in point}
    if run is not None:
        _check_run(run, values, rows)
        unseen |= unseen_points(run, labels, sensitivity)
    for label in unseen.keys() & found["operating_points"].keys():
        found["operating_points"][label]["unseen"] = unseen[label]
    # What was found out about the network itself, as its audit, stays.
    found["metrics"] = values["metrics"] | found["metrics"]
    values |= found
    bundle = write_manifest(folder, values)
    return evaluate.score_external(folder) if scored else bundle


def _kept(values: Mapping[str, Any]) -> Mapping[str, float]:
    """The sensitivities that a bundle's operating points have without being asked for anew."""
    if "recipe" in values["provenance"]:
        return wished(values["provenance"]["recipe"])
    points = values["operating_points"]
    return {label: point["wanted_sensitivity"] for label, point in points.items()} or SENSITIVITY
