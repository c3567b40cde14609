"""What every measured process is given. Standard library only, see ``harness``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

PATCH, STRIDE = 32, 16


@dataclass(frozen=True)
class BenchmarkCase:
    """One network, one film, one class.

    Attributes
    ----------
    model : str
        Folder of the bundle.
    film : str
        The film's file.
    square : str
        The film after ``cxr.imaging.preprocessing``, .npy, uint8 (size, size).
    labels : list of str
    label : str
        The class to explain.
    layer : str
        The layer whose maps Grad-CAM reads.
    temperature : float
    """

    model: str
    film: str
    square: str
    labels: list[str]
    label: str
    layer: str
    temperature: float

    @property
    def column(self) -> int:
        return self.labels.index(self.label)

    @property
    def keras_file(self) -> Path:
        return Path(self.model) / "model.keras"


def read_case(file: str | Path) -> BenchmarkCase:
    return BenchmarkCase(**json.loads(Path(file).read_text()))
