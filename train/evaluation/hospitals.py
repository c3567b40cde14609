"""What hospital profiles are worth at hospitals that a network never learnt from: with more and
more of a hospital's films, drawn again and again, judged on all its others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.metrics import curves
from cxr.metrics.hospital_profiles import FILE
from cxr.model.bundle import Bundle, manifest_values, open_bundle, write_manifest
from cxr.model.classifier import Classifier
from cxr.model.reference import HospitalReference, reference_of
from cxr.site.adaptation import Labelled, labelled
from cxr.site.films import gather
from cxr.site.fitting import WANTED
from cxr.site.shortcuts import shortcuts

from ..data import manifest
from . import hospital_draws, reference

Indices = NDArray[np.integer]


def measure(
    folder: Path,
    data: Path,
    sites: Sequence[str],
    left_out: Mapping[str, Path] | None = None,
    positive: str = "T",
    negative: str = "N",
) -> dict[str, Any]:
    """Measure, and keep it in the bundle as :data:`FILE`.

    Parameters
    ----------
    folder, data : Path
        Of the bundle, and of the films.
    sites : sequence of str
        Hospitals that hold both labels and were not learnt from. Where the bundle's reference
        rests on films of one of them, it is measured without them for that one.
    left_out : mapping of str to Path
        Hospital that was learnt from → bundle of a network that never did. What this measured of
        it for that bundle is taken over, under that network's name.

    Raises
    ------
    DataError
        ``bad_data``: one of `sites` is no such hospital, or has too few films that can be used;
        a hospital of `left_out` was not learnt from, or the bundle that it is named with was not
        measured there as it is now, with the same labels and specificity.
    BundleError
    """
    model = reference.linear(folder)
    frame = manifest.of_bundle(manifest.load(data), model.bundle, ("train",))
    reference.check_held_out(frame, model.bundle, sites, positive, negative)
    elsewhere = _elsewhere(left_out or {}, sites, model.bundle, [negative, positive])
    found: dict[str, Any] = {"network": model.bundle.digest, "wanted": WANTED, "hospitals": {}}
    for site in sites:
        rows = frame[(frame.source == site) & frame.label.isin([positive, negative])]
        films, _ = gather(model, tqdm([data / image for image in rows.image], site))
        there = [i for i, film in enumerate(films) if film is not None]
        kept = [film for film in films if film is not None]
        told = [str(rows.label.iloc[i]) for i in there]
        people = [rows.patient_id.iloc[i] or f"film {i}" for i in there]
        patients = np.unique(people, return_inverse=True)[1]
        _enough(site, told, patients, positive, negative)
        whole = labelled(model, kept, told, patients, positive, negative)
        known = _without(model, reference_of(model), frame, data, site)
        found["hospitals"][site] = _hospital(model, known, whole, positive, negative)
    external = frame[(frame.split == "external") & ~frame.source.isin(sites)]
    found["one_label"] = {
        str(site): _one_label(model, rows, data, positive, negative)
        for site, rows in external.groupby("source")
        if min((rows.label == label).sum() for label in (positive, negative)) < hospital_draws.LEFT
    }
    found["left_out"] = elsewhere
    values = manifest_values(folder)
    text = json.dumps(found, indent=1, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    write_manifest(folder, values)
    return found


def _elsewhere(
    left_out: Mapping[str, Path], sites: Sequence[str], bundle: Bundle, pair: Sequence[str]
) -> dict[str, Any]:
    """What other networks' bundles hold of hospitals that those never learnt from and this one's
    did; `pair` is the negative label and the positive one."""
    found = {}
    learnt = reference.learnt_from(bundle) if left_out else set()
    for site, where in left_out.items():
        digest, by = open_bundle(where).digest, repr(where.name)
        try:
            kept = json.loads((where / FILE).read_text(encoding="utf-8"))
            there = {"network": str(kept["network"]), **kept["hospitals"][site]}
            labels, wanted = list(there["films"]), kept["wanted"]
        except (OSError, ValueError, KeyError, TypeError):
            there, labels, wanted = {}, [], {}
        run = f"first run hospitals --out {where} --at {site}"
        manifest.refuse(
            [f"{site} is named twice"] * (site in sites)
            + [f"{site} was not learnt from: name it with --at"]
            * (site not in learnt and site not in sites)
            + [f"{by} was not measured at {site}; {run}"] * (not there)
            + [f"{by} was measured at {site} for another network than it holds now; {run}"]
            * bool(there and there["network"] != digest)
            + [f"{by} was measured for other labels than {' and '.join(pair)}"]
            * bool(there and labels != list(pair))
            + [f"{by} was measured for another specificity"] * bool(there and wanted != WANTED)
        )
        found[site] = there
    return found


def _one_label(
    model: Classifier, rows: pd.DataFrame, data: Path, positive: str, negative: str
) -> dict[str, Any]:
    """What can be said where one of the two labels is missing: which films are called as shipped,
    and what thresholds from known negatives do."""
    films, _ = gather(model, tqdm([data / image for image in rows.image], rows.source.iloc[0]))
    there = [i for i, film in enumerate(films) if film is not None]
    told = np.array([str(rows.label.iloc[i]) for i in there])
    people = [rows.patient_id.iloc[i] or f"film {i}" for i in there]
    patients = np.unique(people, return_inverse=True)[1]
    kept = [film for film in films if film is not None]
    whole = labelled(model, kept, list(told), patients, positive, negative)
    well = np.flatnonzero(told == negative)
    enough = [n for n in (10, 30) if len(np.unique(patients[well])) >= n + hospital_draws.LEFT]
    held = sorted(set(told))
    return {
        "films": {str(label): int((told == label).sum()) for label in held},
        "called": {str(label): float((whole.shipped[told == label] >= 0).mean()) for label in held},
        "threshold_alone": [
            hospital_draws.threshold_alone(hospital_draws.part(whole, well), n) for n in enough
        ],
    }


def _enough(
    site: str, labels: Sequence[str], patients: Indices, positive: str, negative: str
) -> None:
    least = min(hospital_draws.COUNTS) + hospital_draws.LEFT
    people = {
        label: len({who for who, told in zip(patients, labels, strict=True) if told == label})
        for label in (positive, negative)
    }
    manifest.refuse(
        [
            f"{site} has films that can be used of {n} patients with {label}; at least {least} are "
            "needed"
            for label, n in people.items()
            if n < least
        ]
    )


def _without(
    model: Classifier,
    known: HospitalReference | None,
    frame: pd.DataFrame,
    data: Path,
    site: str,
) -> HospitalReference | None:
    """The bundle's reference, without any film of a hospital; None where too little is left."""
    if known is None:
        return None
    pair = known.positive, known.negative
    unseen = sorted(set(known.hospitals) - set(known.left_out))
    rows = reference.chosen(frame, unseen, *pair)
    its = rows.source == site
    if not its.any():
        return known
    rows = rows[~its]
    if reference.lacking(rows, *pair):
        return None
    averages = [reference.average(model, data / image) for image in tqdm(rows.image, "reference")]
    others = [name for name in unseen if name != site]
    return reference.measure(model, rows, np.stack(averages), others, *pair)


def _hospital(
    model: Classifier,
    known: HospitalReference | None,
    whole: Labelled,
    positive: str,
    negative: str,
) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    called = whole.shipped >= 0
    tripped = shortcuts(whole.films, whole.positive, whole.patients, whole.shipped)
    sides = (whole.positive, ~whole.positive)
    fewest = min(len(np.unique(whole.patients[side])) for side in sides)
    counts = [n for n in hospital_draws.COUNTS if n + hospital_draws.LEFT <= fewest]
    with threadpool_limits(1, "blas"):
        steps = [
            hospital_draws.labelled(model, known, whole, n, positive, negative) for n in counts
        ]
        alone = [hospital_draws.threshold_alone(whole, n) for n in (10, 30) if n in counts]
    return {
        "films": {negative: int((~whole.positive).sum()), positive: int(whole.positive.sum())},
        "shipped": {
            "area": curves.auroc(curves.count(whole.shipped, whole.positive)),
            "sensitivity": float(called[whole.positive].mean()),
            "specificity": float((~called[~whole.positive]).mean()),
        },
        "shortcuts": {
            each.what: {"area": each.area.value, "trips": each.trips} for each in tripped
        },
        "threshold_alone": alone,
        "steps": steps,
        "unlabelled": hospital_draws.unlabelled(model, known, whole, positive, negative),
    }
