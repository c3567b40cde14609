"""Tables of predictions that tests draw, and bundles that hold them."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from cxr.metrics import predictions
from cxr.model.bundle import manifest_values, write_manifest

LABELS = ("N", "P", "T")
THUMBNAIL = Path(__file__).parents[1] / "models" / "thumbnail"


def raw(n: int = 240, seed: int = 0) -> pd.DataFrame:
    """A ``predictions.csv``: val, test and external rows; external is harder."""
    rng = np.random.default_rng(seed)
    split = np.array(["test", "external", "val"])[np.arange(n) % 3]
    away = split == "external"
    truth = rng.integers(0, 3, n)
    logits = rng.normal(0, 1, (n, 3)).round(2)
    logits[np.arange(n), truth] += np.where(away, 0.4, 2.5)
    return pd.DataFrame(
        {
            "image": [f"images/{i:05d}.jpg" for i in range(n)],
            "split": split,
            "source": np.where(away, "far", np.where(np.arange(n) % 2, "near", "home")),
            "patient": [str(i // 6) if i % 4 else "" for i in range(n)],
            "label": np.array(LABELS)[truth],
            "recommended": np.where(np.arange(n) % 10, "1", "0"),
            "view": np.array(["", "AP", "PA"])[rng.integers(0, 3, n)],
            "age_group": np.array(["unknown", "adult"])[rng.integers(0, 2, n)],
            "age": np.where(np.arange(n) % 3, "", "40.0"),
            "sex": np.array(["", "F", "M"])[rng.integers(0, 3, n)],
            "flags": np.array(["", "", "low_contrast", "flat_box;white_box"])[
                rng.integers(0, 4, n)
            ],
            "display": np.where(np.arange(n) % 5, "1", "0"),
            **{f"logit_{label}": logits[:, k] for k, label in enumerate(LABELS)},
        }
    )


def table(frame: pd.DataFrame, folder: Path, temperature: float = 0.8) -> pd.DataFrame:
    """The frame as :func:`cxr.metrics.predictions.table` reads it."""
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / predictions.FILE, index=False)
    bundle: Any = SimpleNamespace(folder=folder, labels=LABELS, temperature=temperature)
    return predictions.table(bundle)


def bundle(folder: Path, frame: pd.DataFrame) -> Path:
    """The thumbnail's bundle with other predictions, passed off as no demonstration."""
    shutil.copytree(THUMBNAIL, folder)
    frame.to_csv(folder / predictions.FILE, index=False)
    (folder / "bundle.json").unlink()
    values = manifest_values(THUMBNAIL)
    values["provenance"]["recipe"]["network"]["architecture"] = "mlp"
    write_manifest(folder, {**values, "name": folder.name})
    return folder
