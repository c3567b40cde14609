"""From a segmentation run's best weights to a bundle. Needs the TensorFlow backend."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import BundleError
from cxr.imaging.reader import read
from cxr.metrics import bootstrap
from cxr.metrics.predictions import clusters
from cxr.model import lungs
from cxr.model.bundle import Bundle, open_bundle, write_manifest
from cxr.model.keras_archive import open_keras

from ..data import manifest, masks
from ..fit.runs import claim
from ..fit.training import build, predict
from ..recipes.recipe import Recipe
from .classifier import LOGIT_LIMIT, PROBABILITY_LIMIT, provenance
from .network_files import export_fp32, write_network

USUAL, MARGIN = 0.995, 10.0


def export_run(
    recipe: Recipe,
    run: Path,
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
    data: Path,
    out: Path,
) -> Bundle:
    """Write the bundle of a finished segmentation run: networks, Dice of every film, figures, and
    the presence below which a film is said to show no lungs.

    Parameters
    ----------
    recipe : Recipe
    run : Path
        As :func:`train.fit.segmentation.fit` leaves it.
    films : uint8 (n, S, S)
        As :func:`train.data.masks.load` gives them.
    frame : DataFrame
        All films of the manifest.
    data : Path
        The manifest's folder.
    out : Path
        The bundle's folder; replaced only when the new one is complete.

    Raises
    ------
    BundleError
        ``export_differs`` if the exported network does not agree with the Keras model on val.
    DataError
        See :func:`train.fit.runs.claim`.
    """
    drawn = masks.with_masks(frame)
    claim(run, recipe, drawn)
    model = build(recipe)
    model.load_weights(run / "best.weights.h5")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        values = write_network(model, recipe.labels, recipe.preprocessing, folder)
        values |= {"task": "segmentation", "gradcam_layer": None, "head": "other"}
        shutil.copy(run / "history.csv", folder / "history.csv")
        values["provenance"] = provenance(recipe, drawn, "source")
        write_manifest(folder, values)
        val = films[np.flatnonzero(drawn.split == "val")]
        values["agreement"] = _agreement(model, values, folder, Path(scratch) / "fp32", val)
        (folder / "model.keras").unlink()  # nothing asks an outline for gradients
        write_manifest(folder, values)
        finder = lungs.load(folder)
        rows = _score(finder, films, drawn, data)
        rows.to_csv(
            folder / "predictions.csv", index=False, float_format="%.5f", lineterminator="\n"
        )
        values["metrics"] = {
            split: dice_figures(rows[rows.split == split]) for split in ("val", "test")
        }
        values["operating_points"] = {"lung": _operating_point(finder, frame, data)}
        write_manifest(folder, values)
        if out.exists():
            out.rename(Path(scratch) / "replaced")
        folder.rename(out)
    return open_bundle(out)


def _agreement(
    trained: Any, values: dict[str, Any], folder: Path, fp32: Path, films: NDArray[np.uint8]
) -> dict[str, float]:
    """How far the exports are from the Keras models, pixel by pixel on the same films."""
    export_fp32(trained, values, folder, fp32)
    shipped = open_keras(folder / "model.keras")
    finder, wide = lungs.load(folder), lungs.load(fp32)
    before, same = (lungs.probability_of(predict(m, films)) for m in (trained, shipped))
    ours, exact = (np.stack([f.once(film) for film in films]) for f in (finder, wide))
    found = {
        "films": len(films),
        "fp32_probability_difference": float(np.abs(exact - before).max()),
        "shipped_probability_difference": float(np.abs(ours - same).max()),
        "rounding_probability_difference": float(np.abs(ours - before).max()),
        "rounding_same_pixels": float(((ours >= 0.5) == (before >= 0.5)).mean()),
    }
    if (
        found["fp32_probability_difference"] > LOGIT_LIMIT
        or found["shipped_probability_difference"] >= PROBABILITY_LIMIT
        or found["rounding_same_pixels"] < 0.999
    ):
        raise BundleError("export_differs", f"The export does not agree with the model: {found}.")
    return found


def _score(
    finder: lungs.LungFinder, films: NDArray[np.uint8], frame: pd.DataFrame, data: Path
) -> pd.DataFrame:
    """Dice of every film of val and test on the grid that its lungs were drawn on, by the shipped
    network."""
    keep = np.flatnonzero(frame.split != "train")
    rows = manifest.described(frame).iloc[keep].copy()
    found = []
    for index in keep:
        drawn = read(data / frame.lung_mask[index]).eight_bit >= 128
        called = lungs.mask(finder.square(films[index]), *drawn.shape)
        both, either = (drawn & called).sum(), drawn.sum() + called.sum()
        found.append((2 * both / either, drawn.mean(), called.mean()))
    rows[["dice", "drawn_share", "called_share"]] = found
    return rows


def _operating_point(
    finder: lungs.LungFinder, frame: pd.DataFrame, data: Path
) -> dict[str, float | str]:
    """A tenth of the odds that all but 1 in 200 films of val reach: other sites' films are less
    sure than these, and what is no chest is far below."""
    films = [read(data / image) for image in frame.image[frame.split == "val"]]
    found = np.array([lungs.presence(finder.find(film)) for film in films])
    usual = np.quantile(found, 1 - USUAL, method="lower")
    threshold = float(usual / (usual + MARGIN * (1 - usual)))
    return {
        "threshold": threshold,
        "sensitivity": float((found >= threshold).mean()),
        "split": "val",
    }


def dice_figures(rows: pd.DataFrame) -> dict[str, Any]:
    """Mean Dice of each source's films, since adults and children come from one source each.

    Parameters
    ----------
    rows : DataFrame
        Of ``predictions.csv``: source, patient, image, dice.

    Returns
    -------
    dict, ready for JSON; intervals are 95 %, bootstrapped by patient.
    """
    figures: dict[str, Any] = {}
    for source, site in rows.groupby("source"):
        value = site.dice.to_numpy(float)
        who = clusters(site)
        again = bootstrap.sums(
            bootstrap.draw(who), who, np.column_stack([value, np.ones(len(site))])
        )
        figures[str(source)] = {
            "n": len(site),
            "dice": asdict(bootstrap.estimate(value.mean(), again[:, 0] / again[:, 1])),
            "median": float(np.median(value)),
            "least": float(value.min()),
        }
    return {"n": len(rows), "sources": figures}
