"""A Keras classifier that was trained elsewhere becomes a bundle: looked through, opened, exported,
compared with the original, calibrated and evaluated. Needs the TensorFlow backend.

It is not folded or rounded as this project's own networks are: what is measured is the network that
came, in float32.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import BundleError, CxrError
from cxr.imaging.preprocessing import Preprocessing
from cxr.model.bundle import Bundle, open_bundle, sha256, write_manifest
from cxr.model.calibration import softmax
from cxr.model.classifier import Classifier
from cxr.model.keras_archive import open_keras

from ..data import cache, manifest
from ..evaluation import evaluate
from . import fit_on_val, foreign, foreign_maps, label_order
from .classifier import PROBABILITY_LIMIT, SAME_CLASS_LIMIT
from .network_files import write_network

TRIED = 100
"""Films of val, of each label, that decide on the scaling and compare the bundle with what came."""


def adopt(
    path: Path,
    names: Mapping[str, str],
    data: Path,
    out: Path,
    scaling: str = "auto",
    size: int | None = None,
    longer_side: int = 256,
    sensitivity: Mapping[str, float] = fit_on_val.SENSITIVITY,
    keep_order: bool = False,
) -> Bundle:
    """Write the bundle of a foreign network.

    Parameters
    ----------
    path : Path
        A .keras file.
    names : mapping
        Label of the manifest → label of the network, in the order of its outputs; several of the
        manifest's may mean one of the network's. Films of other labels are left out.
    data : Path
        The folder with manifest.csv. Val calibrates; test and external are only measured.
    out : Path
        The bundle's folder; replaced only when the new one is complete.
    scaling : str
        How films of 0 to 255 were scaled for the network: "auto" or one of
        :data:`train.export.foreign.SCALINGS`. "auto" takes the one with the lowest cross-entropy on
        val, after calibration.
    size : int, optional
        Side of the network's input, where it doesn't say itself.
    longer_side : int
        See :class:`cxr.imaging.preprocessing.Preprocessing`.
    sensitivity : mapping
        See :func:`train.export.fit_on_val.fitted`.
    keep_order : bool
        Take the labels as they are said even if another order surely fits val better.

    Raises
    ------
    BundleError
        Those of :func:`cxr.model.keras_archive.open_keras` and
        :func:`train.export.foreign.core_of`; ``unknown_scaling``, ``other_order``,
        ``not_convertible``, ``export_differs``.
    DataError
        ``no_manifest``, ``bad_manifest``, ``bad_data``.
    """
    labels = tuple(dict.fromkeys(names.values()))
    original = open_keras(path)
    core = foreign.core_of(original, len(labels), size)
    asked = _scalings(core, scaling)
    how = Preprocessing(size=max(core.shape[:2]), longer_side=longer_side)
    frame, films = _films(names, labels, data, how)
    tried = _tried(frame)
    truth = evaluate.truth_of(frame.iloc[tried], labels)
    tries = {name: _try(core, films[tried], truth, name) for name in asked}
    if not keep_order:
        label_order.check(tries, names)
    losses = {name: each.loss for name, each in tries.items()}
    scaling = min(losses, key=lambda name: losses[name])
    values: dict[str, Any] = {
        "created": date.today().isoformat(),
        "provenance": {
            "adopted": {
                "sha256": sha256(path),
                "input": list(core.shape),
                "scaling": scaling,
                "cross_entropy_on_val": losses,
                "end": core.end,
                "labels": dict(names),
                "warnings": label_order.warnings(tries[scaling], labels),
            },
            "data": manifest.fingerprint(frame),
            "films": (frame.split + " " + frame.label).value_counts(sort=False).to_dict(),
            "python": platform.python_version(),
            "keras": keras.__version__,
        },
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as work:
        folder = Path(work) / out.name
        values = _write(core, labels, how, scaling, folder) | values
        logits = Classifier(folder).squares(films)
        fed = foreign.as_fed(core, films[tried], scaling)
        # Its own graph, whatever it calls its only input and output.
        said = keras.Model(original.inputs[0], original.outputs[0]).predict(fed, verbose=0)
        came = values["provenance"]["adopted"]
        came["agreement"] = agreement(logits[tried], said, core.end)
        _evaluate(folder, values, labels, frame, logits, sensitivity)
        if out.exists():
            out.rename(Path(work) / "replaced")
        folder.rename(out)
    return open_bundle(out)


def agreement(
    logits: NDArray[np.float32], said: NDArray[np.floating], end: str
) -> dict[str, float]:
    """How far the bundle is from the network that came, on the same films.

    Parameters
    ----------
    logits : float32 (n, classes)
        The bundle's.
    said : float (n, classes) or (n, 1)
        What the original gave, in the form that `end` names.
    end : str
        See :class:`train.export.foreign.Core`.

    Raises
    ------
    BundleError
        ``export_differs``: a probability by .01, or another class on more than 0.5 % of the films.
    """
    theirs, ours = np.asarray(said, np.float64), logits.astype(np.float64)
    single = theirs.shape[1] == 1
    ours = 1 / (1 + np.exp(-ours)) if end == "sigmoid" and not single else softmax(ours)
    if end == "logits":
        theirs = softmax(np.concatenate([0 * theirs, theirs], 1) if single else theirs)
    elif single:
        theirs = np.concatenate([1 - theirs, theirs], 1)
    found = {
        "films": len(ours),
        "original_probability_difference": float(np.abs(ours - theirs).max()),
        "original_same_class": float((ours.argmax(1) == theirs.argmax(1)).mean()),
    }
    if (
        not found["original_probability_difference"] < PROBABILITY_LIMIT
        or found["original_same_class"] < SAME_CLASS_LIMIT
    ):
        raise BundleError(
            "export_differs", f"The export does not agree with the network that came: {found}."
        )
    return found


def _scalings(core: foreign.Core, wanted: str) -> tuple[str, ...]:
    """Those to choose from: one that was named, or all that the network's channels allow."""
    known = tuple(
        name
        for name, (less, _) in foreign.SCALINGS.items()
        if core.shape[2] == 3 or len(set(less)) == 1
    )
    if wanted == "auto":
        return known
    if wanted not in known:
        raise BundleError(
            "unknown_scaling",
            f"A network of {core.shape[2]} channel(s) can be fed with the scaling auto, "
            f"{', '.join(known)}; not with {wanted!r}.",
        )
    return (wanted,)


def _films(
    names: Mapping[str, str], labels: tuple[str, ...], data: Path, how: Preprocessing
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """The films of val, test and external under the network's labels, and as it sees them, uint8
    (n, size, size). A network that comes trained needs no others."""
    frame = manifest.renamed(manifest.load(data), names)
    found = [
        each
        for each in manifest.problems(frame, data, labels)
        if not each.startswith("train has no film")
    ]
    if not (frame.split == "test").any():
        found.append("test has no film of these labels")
    manifest.refuse(found)
    frame = frame[frame.split != "train"].reset_index(drop=True)
    films = np.empty((len(frame), how.size, how.size), np.uint8)
    manifest.refuse(cache.fill(films, frame, data, how))
    return frame, films


def _tried(frame: pd.DataFrame) -> NDArray[np.intp]:
    """Places of the first :data:`TRIED` films of each label in val."""
    val = frame[frame.split == "val"]
    return np.sort(val.groupby("label").head(TRIED).index.to_numpy())


def _try(
    core: foreign.Core, squares: NDArray[np.uint8], truth: NDArray[np.int64], scaling: str
) -> label_order.Try:
    fed = foreign.as_fed(core, squares, scaling)
    said = core.network.predict(fed, verbose=0).astype(np.float64)
    # A scaling far off may overflow.
    return label_order.Try(np.nan_to_num(said, posinf=1e6, neginf=-1e6), truth)


def _write(
    core: foreign.Core, labels: tuple[str, ...], how: Preprocessing, scaling: str, folder: Path
) -> dict[str, Any]:
    """Write the network, and what :func:`cxr.model.bundle.write_manifest` was given."""
    network = foreign.fed(core, how.size, scaling)
    try:
        values = write_network(
            network, labels, how, folder, half=False, maps_of=foreign_maps.maps_layer
        )
    except CxrError:
        raise
    except Exception as error:  # TensorFlow's converter lets through whatever it meets
        raise BundleError(
            "not_convertible",
            "The network cannot be exported to LiteRT, on which films are scored "
            f"({type(error).__name__}). Replace its unusual layers by common ones.",
        ) from None
    return {**values, "name": folder.name}


def _evaluate(
    folder: Path,
    values: dict[str, Any],
    labels: tuple[str, ...],
    frame: pd.DataFrame,
    logits: NDArray[np.float32],
    sensitivity: Mapping[str, float],
) -> None:
    rows = manifest.described(frame)
    for k, label in enumerate(labels):
        rows[f"logit_{label}"] = logits[:, k]
    rows.to_csv(folder / "predictions.csv", index=False, float_format="%.6f", lineterminator="\n")
    write_manifest(folder, values | fit_on_val.fitted(rows, labels, sensitivity))
    if (rows.split == "external").any():
        evaluate.score_external(folder)
