"""A folder of drawn films and a bundle that was measured on them, some of them labelled wrong."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from networks import phantom

import cxr
from cxr.model.bundle import manifest_values, write_manifest

# split, source, given label, has a lesion, may be shown, how many
GROUPS = (
    ("test", "here", "T", False, 1, 12),
    ("test", "here", "N", True, 1, 3),
    ("test", "here", "T", False, 0, 2),
    ("test", "here", "T", True, 1, 6),
    ("test", "there", "N", False, 1, 6),
    ("external", "far", "T", False, 1, 2),
)
BOX = "[[0.2, 0.2, 0.3, 0.3]]"


def make_room(folder: Path, model: cxr.Classifier) -> tuple[Path, Path]:
    """Films drawn for `model`, which sees every lesion, and a copy of its bundle with the table.

    Returns
    -------
    path of the data folder, and of the folder of bundles, which holds one, ``room``
    """
    data = folder / "data"
    (data / "images").mkdir(parents=True)
    rng = np.random.default_rng(7)
    rows: list[dict[str, Any]] = []
    for split, source, label, lesion, display, count in GROUPS:
        for _ in range(count):
            name = f"images/{len(rows):03d}.png"
            content = cv2.imencode(".png", phantom(rng, lesion)[0])[1].tobytes()
            (data / name).write_bytes(content)
            found = model.predict([cxr.read(content)])[0]
            assert found.label == ("T" if lesion else "N"), "the network is to see every lesion"
            rows.append(
                {
                    "image": name,
                    "label": label,
                    "split": split,
                    "source": source,
                    "patient": str(len(rows)),
                    "display": str(display),
                    "view": "PA",
                    "boxes": BOX if lesion else "[]",
                    **{f"logit_{name}": f"{value:.6f}" for name, value in found.logits.items()},
                }
            )
    _write(data / "manifest.csv", rows, ("image", "label", "split", "source", "display", "boxes"))
    values = {**manifest_values(model.bundle.folder), "name": "room"}
    bundle = Path(shutil.copytree(model.bundle.folder, folder / "models" / "room"))
    logits = tuple(f"logit_{label}" for label in model.labels)
    facts = ("image", "split", "source", "patient", "label", "view", "display", *logits)
    _write(bundle / "predictions.csv", rows, facts)
    write_manifest(bundle, values)
    return data, folder / "models"


def make_own(folder: Path, lesions: int = 3, clear: int = 3) -> Path:
    """A data folder of drawn films that no bundle's table lists, labelled as they are; beside them
    one that may not be shown, one of another label and one that cannot be read."""
    (folder / "mine").mkdir(parents=True)
    rng = np.random.default_rng(11)
    rows: list[dict[str, Any]] = []

    def add(name: str, label: str, content: bytes, display: str = "1") -> None:
        (folder / "mine" / name).write_bytes(content)
        row = {"image": f"mine/{name}", "label": label, "split": "", "source": "mbarara"}
        rows.append({**row, "display": display, "patient_id": name})

    def drawn(lesion: bool) -> bytes:
        return cv2.imencode(".png", phantom(rng, lesion)[0])[1].tobytes()

    for number in range(lesions + clear):
        add(f"{number}.png", "T" if number < lesions else "N", drawn(number < lesions))
    add("hidden.png", "N", drawn(False), display="0")
    add("other.png", "Q", drawn(False))
    add("broken.png", "N", b"no film")
    _write(folder / "manifest.csv", rows, tuple(rows[0]))
    return folder


def _write(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
