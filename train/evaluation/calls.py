"""What a network's calls have meant, see :mod:`cxr.metrics.calls`: counted on the films of ``test``
and of other diseases, and on hospitals that it learnt nothing from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from cxr.metrics.calls import FILE
from cxr.metrics.evidence import pair_area
from cxr.metrics.predictions import table
from cxr.model.bundle import Bundle, manifest_values, write_manifest
from cxr.model.classifier import Classifier
from cxr.screening.assess import assess

from ..data import manifest

OTHER = "other.csv"
"""In the data folder: films of other diseases, columns ``image`` and ``finding``."""
LEAST = 20
"""Films of each label that make a hospital worth a figure."""


def measure(folder: Path, data: Path, positive: str = "T", negative: str = "N") -> dict[str, Any]:
    """Measure, and keep it in the bundle as :data:`FILE`.

    Raises
    ------
    DataError
        ``bad_data``: the data folder has no table of other diseases, or it lacks a column.
    BundleError
    """
    model = Classifier(folder)
    bundle, rows = model.bundle, table(model.bundle)
    test = rows[rows.split == "test"]
    found = {
        "network": bundle.digest,
        "test": {
            label: _counted(test.called[test.label == label], bundle) for label in bundle.labels
        },
        "other": _other(model, data),
        "unseen": list(_held_out(rows[rows.split == "external"], bundle, positive, negative)),
    }
    values = manifest_values(folder)
    text = json.dumps(found, indent=1, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    write_manifest(folder, values)
    return found


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The figures as a table of docs/calls.md."""
    yield "| films | number | " + " | ".join(f"called {x}" for x in found["test"]) + " |"
    yield "| --- | --- |" + " --- |" * len(found["test"])
    taught = {f"{label}, test": called for label, called in found["test"].items()}
    for what, called in (taught | found["other"]).items():
        counts = " | ".join(map(str, called.values()))
        yield f"| {what} | {sum(called.values())} | {counts} |"
    yield ""
    yield "| hospital it never learnt from | films | AUROC by abnormal | AUROC by log-odds |"
    yield "| --- | --- | --- | --- |"
    for each in found["unseen"]:
        films = ", ".join(f"{n} {label}" for label, n in each["films"].items())
        areas = " | ".join(
            "{:.3f} ({:.3f} to {:.3f})".format(*each[name]) for name in ("abnormal", "against")
        )
        yield f"| {each['source']} | {films} | {areas} |"


def _counted(called: pd.Series, bundle: Bundle) -> dict[str, int]:
    return {label: int((called == label).sum()) for label in bundle.labels}


def _other(model: Classifier, data: Path) -> dict[str, dict[str, int]]:
    path = data / OTHER
    listed = pd.read_csv(path, dtype=str) if path.is_file() else pd.DataFrame()
    lacking = [name for name in ("image", "finding") if name not in listed]
    manifest.refuse([f"{OTHER} with columns image and finding is needed"] * bool(lacking))
    called = [_called(model, data / image) for image in tqdm(listed.image, "other")]
    return {
        str(finding): _counted(pd.Series(called)[films], model.bundle)
        for finding, films in listed.groupby("finding").groups.items()
    }


def _called(model: Classifier, path: Path) -> str:
    """ "" for a film that is refused."""
    prediction = assess(path, model).prediction
    return "" if prediction is None else prediction.label


def _held_out(
    rows: pd.DataFrame, bundle: Bundle, positive: str, negative: str
) -> Iterator[dict[str, Any]]:
    """Hospitals that hold both labels."""
    if not {positive, negative} <= set(bundle.labels):
        return
    others = [f"logit_{label}" for label in bundle.labels if label != negative]
    together = np.logaddexp.reduce(rows[others].to_numpy() / bundle.temperature, axis=1)
    abnormal = rows.assign(**{f"logit_{positive}": together * bundle.temperature})
    for source in sorted(set(rows.source)):
        there = rows.source == source
        films = {x: int((there & (rows.label == x)).sum()) for x in (negative, positive)}
        if min(films.values()) < LEAST:
            continue
        areas = [pair_area(each[there], positive, negative) for each in (abnormal, rows)]
        yield {
            "source": source,
            "positive": positive,
            "negative": negative,
            "films": films,
            **{
                name: [area.value, area.low, area.high]
                for name, area in zip(("abnormal", "against"), areas, strict=True)
            },
        }
