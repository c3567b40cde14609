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

from cxr.bundle import Bundle, write_manifest
from cxr.calibration import softmax
from cxr.errors import DataError
from cxr.trust import choose_operating_point, conformal_limits, fit_temperature

from . import evaluate, recipe, runs
from .resplit import LEFT_OUT

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
        ``predictions.csv``, as :func:`train.evaluate.predictions` reads it.
    labels : tuple of str
    sensitivity : mapping
        Label → sensitivity wanted of its operating point; labels that the network doesn't have
        are passed over.

    Returns
    -------
    dict with ``temperature``, ``operating_points``, ``conformal`` and ``metrics``, as
    :class:`cxr.bundle.Bundle` describes them, without ``metrics["external"]``.
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
    """Operating points on films of sites that a run was kept from, on probabilities that its own
    `val` calibrated: what a hospital that the network doesn't know is likely to need.

    Parameters
    ----------
    run : Path
        A folder of ``python -m train sites``, with its ``predictions.csv``.
    labels : tuple of str
    sensitivity : mapping
        Label → least sensitivity.

    Returns
    -------
    dict: label → an :class:`cxr.trust.OperatingPoint` as a dict, its ``split`` naming the sites.
    Labels that no left-out site holds beside others are passed over.

    Raises
    ------
    DataError
        ``no_run``; ``no_unseen`` if no label is left.
    """
    if not (run / "predictions.csv").is_file():
        raise DataError(
            "no_run",
            f"The folder {run.name!r} holds no scores of sites that were left out. Train without "
            "them: python -m train sites --recipe NAME --data DIR --leave-out SITE",
        )
    rows = evaluate.predictions(run)
    val, away = rows[rows.split == "val"], rows[rows.split == LEFT_OUT]
    temperature = fit_temperature(evaluate.logits_of(val, labels), evaluate.truth_of(val, labels))
    p = pd.DataFrame(
        softmax(evaluate.logits_of(away, labels), temperature), away.index, columns=list(labels)
    )
    found = {}
    for label, wanted in sensitivity.items():
        positive = away.label == label
        both = positive.groupby(away.source).nunique() == 2
        here = away.source.isin(both.index[both])
        if here.any():
            sites = " and ".join(sorted(both.index[both]))
            point = choose_operating_point(
                p[label][here].to_numpy(), positive[here].to_numpy(), wanted, sites
            )
            found[label] = vars(point)
    if not found:
        raise DataError(
            "no_unseen",
            f"No site that {run.name!r} left out holds films of {' or '.join(sensitivity)} beside "
            "others. Name a run without such a site.",
        )
    return found


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
        A run of the bundle's recipe without some sites: :func:`unseen_points` of it become the
        points for hospitals that the network doesn't know. Without it they stay as they are.

    Raises
    ------
    BundleError
        ``wrong_task``
    DataError
        ``unknown_label``; ``no_recipe``, ``no_run``, ``other_run`` or ``no_unseen``, of `run`.
    """
    values = evaluate.values_of(folder)
    labels = tuple(values["labels"])
    check_labels(sensitivity or (), labels)
    sensitivity = {**_kept(values), **(sensitivity or {})}
    scored = bool(values["metrics"].get("external"))
    found = fitted(evaluate.predictions(folder), labels, sensitivity)
    if run is None:
        before = values["operating_points"]
        unseen = {label: point["unseen"] for label, point in before.items() if "unseen" in point}
    else:
        if "recipe" not in values["provenance"]:
            raise DataError(
                "no_recipe", "No recipe led to this bundle: no run is of it. Leave --unseen out."
            )
        runs.check_recipe(run, recipe.made(values["provenance"]["recipe"]))
        unseen = unseen_points(run, labels, sensitivity)
    for label in unseen.keys() & found["operating_points"].keys():
        found["operating_points"][label]["unseen"] = unseen[label]
    # What was found out about the network itself, as its audit, stays.
    found["metrics"] = values["metrics"] | found["metrics"]
    values |= found
    bundle = write_manifest(folder, values)
    return evaluate.score_external(folder, log=None) if scored else bundle


def _kept(values: Mapping[str, Any]) -> Mapping[str, float]:
    """The sensitivities that a bundle's operating points have without being asked for anew."""
    if "recipe" in values["provenance"]:
        return wished(values["provenance"]["recipe"])
    points = values["operating_points"]
    return {label: point["wanted_sensitivity"] for label, point in points.items()} or SENSITIVITY
