"""Films of a person's own data folder, scored as they are opened on Review: rows like those of a
model's table, of films that the table does not list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import Cancelled, CxrError
from ..metrics.predictions import of_rows
from ..model.classifier import Classifier
from ..review.folder import DataFolder
from .assess import Assessment, assess
from .standing import call_of

OWN = "own"
"""What stands where a model's table has val, test or external."""
_TEXTS = ("split", "source", "patient", "label", "display", "passport")


@dataclass(frozen=True)
class FolderFilms:
    """What a folder has to offer.

    Attributes
    ----------
    images : tuple of str
        Films that may be shown and whose label the model has.
    hidden, unlabelled : int
        Films that may not be shown; of the others, those without a label that the model has.
    """

    images: tuple[str, ...]
    hidden: int
    unlabelled: int


@dataclass(frozen=True, eq=False)
class OwnFilms:
    """A folder's films under one model.

    Attributes
    ----------
    table : DataFrame
        As of :func:`cxr.metrics.predictions.table`, split :data:`OWN`; `called` is by the profile's
        threshold where the model is at a hospital. What a manifest says besides label, source and
        patient is not read.
    refused : int
        Films that cannot be read, or show no chest.
    """

    table: pd.DataFrame
    refused: int


def listed(folder: DataFolder, model: Classifier) -> FolderFilms:
    """The films of a folder that can be reviewed under a model."""
    shown = [image for image, row in folder.rows.items() if row.display]
    labels = {image: model.bundle.called(folder.rows[image].label) for image in shown}
    images = tuple(image for image in shown if labels[image] in model.labels)
    return FolderFilms(images, len(folder.rows) - len(shown), len(shown) - len(images))


def score(
    folder: DataFolder,
    images: Sequence[str],
    model: Classifier,
    held: dict[str, Assessment],
    progress: Callable[[float], object] | None = None,
) -> OwnFilms:
    """Read, check and score films.

    Parameters
    ----------
    folder : DataFolder
    images : sequence of str
        Of :func:`listed`.
    model : Classifier
        At a hospital, where there is a profile: ``model.at(site)``.
    held : dict of image to Assessment
        What was scored before; films are added as they are scored, without their pixels, so that
        work that was stopped goes on.
    progress : callable, optional
        Told the share done, 0 to 1, before each film; stops the work by returning ``False``.

    Raises
    ------
    BundleError
        See :func:`cxr.screening.assess.assess`.
    Cancelled
    """
    for done, image in enumerate(images):
        if progress is not None and progress(done / len(images)) is False:
            raise Cancelled
        if image not in held:
            held[image] = _assessed(folder, image, model)
    scored = [image for image in images if held[image].refusal is None]
    rows = [_row(folder, image, held[image], model) for image in scored]
    return OwnFilms(_table(rows, model), len(images) - len(scored))


def _assessed(folder: DataFolder, image: str, model: Classifier) -> Assessment:
    try:
        path = folder.path(image)
    except CxrError as refusal:
        return Assessment(refusal)
    found = assess(path, model)
    if found.prediction is None:
        return Assessment(found.refusal)
    # Neither pixels nor feature maps stay: folders have thousands of films.
    scores = replace(found.prediction, features=None)
    return Assessment(None, None, found.checks, scores, standing=found.standing)


def _row(folder: DataFolder, image: str, found: Assessment, model: Classifier) -> dict[str, object]:
    scores, checks = found.scored
    row = folder.rows[image]
    distance = [each.score for each in checks.findings if each.code == "outside"]
    return {
        "image": image,
        "split": OWN,
        "source": row.source,
        "patient": row.patient,
        "label": model.bundle.called(row.label),
        "display": "1",
        "passport": ";".join(checks.flags),
        "check_outside": distance[0] if distance else np.nan,
        "called": call_of(scores, found.standing),
        **{f"logit_{label}": value for label, value in scores.logits.items()},
    }


def _table(rows: list[dict[str, object]], model: Classifier) -> pd.DataFrame:
    logits = [f"logit_{label}" for label in model.labels]
    raw = pd.DataFrame(rows, columns=["image", *_TEXTS, "check_outside", "called", *logits])
    numbers = dict.fromkeys(("check_outside", *logits), np.float64)
    texts = {name: raw[name].astype(str).astype("category") for name in _TEXTS}
    table = of_rows(raw.astype(numbers).assign(**texts), model.bundle)
    return table.assign(called=pd.Categorical(raw.called, categories=list(model.labels)))
