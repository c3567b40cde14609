"""A drawn data folder, small enough to train on in a test."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from films import film, jpeg

RECIPE = """
labels = ["N", "P", "T"]
[network]
architecture = "thumbnail"
[preprocessing]
size = 16
[training]
epochs = 4
batch = 16
films_per_epoch = 64
learning_rate = 1e-2
seed = 3
[augmentation]
gamma = 0.1
"""


def make_data(folder: Path) -> Path:
    """Films whose label can be seen (a light patch per label), in all splits, from two sources."""
    rng = np.random.default_rng(0)
    rows = []
    (folder / "images").mkdir(parents=True)
    for split, count in (("train", 12), ("val", 6), ("test", 6), ("external", 32)):
        for label_index, label in enumerate("NPT"):
            for i in range(count):
                drawn = film(60, 50).astype(int) + rng.integers(0, 12, (60, 50))
                drawn[15 * label_index + 5 : 15 * label_index + 20, 10:40] += 90
                name = f"images/{split}_{label}{i}.jpg"
                (folder / name).write_bytes(jpeg(np.clip(drawn, 0, 255).astype(np.uint8)))
                rows.append(
                    {
                        "image": name,
                        "label": label,
                        "split": split,
                        "source": "far" if split == "external" else "ab"[i % 2],
                        "patient_id": f"{split}{label}{i // 2}" if i % 3 else "",
                        "recommended": "1",
                    }
                )
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder
