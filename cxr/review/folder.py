"""The folder of films that a table of predictions speaks of: what may be shown, and where it is.

The folder is somebody's, so nothing in it is trusted: a path that leads out of it, by its name or
by a link, is refused, and a film is shown only where the manifest allows it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import manifest
from ..errors import DataError
from ..imaging.radiograph import Radiograph
from ..imaging.reader import read

COLUMNS = ("image", "label", "split", "source", "display")
Boxes = tuple[tuple[float, float, float, float], ...]
"""Lesions' x, y, width and height, fractions of the film."""


@dataclass(frozen=True)
class ManifestRow:
    """What the manifest says of a film: whether it may be shown, its lesions, its label, and where
    known its hospital and patient."""

    display: bool
    boxes: Boxes
    label: str
    source: str = ""
    patient: str = ""


@dataclass(frozen=True, eq=False)
class DataFolder:
    """A data folder.

    Attributes
    ----------
    root : Path
        With every link followed.
    fingerprint : str
        sha256 of its ``manifest.csv``.
    rows : mapping of image to ManifestRow
    """

    root: Path
    fingerprint: str
    rows: Mapping[str, ManifestRow]

    def manifest(self) -> bytes:
        """``manifest.csv`` as it is now.

        Raises
        ------
        DataError
            ``no_manifest``.
        """
        return _manifest(self.root)

    def may_show(self, image: str) -> bool:
        """Whether the manifest lists a film and lets it be shown."""
        row = self.rows.get(image)
        return row is not None and row.display

    def film(self, image: str) -> Radiograph:
        """Read a film.

        Raises
        ------
        DataError
            As :meth:`path`.
        UnreadableFile, NotARadiograph
        """
        return read(self.path(image))

    def path(self, image: str) -> Path:
        """Where a film that may be shown is.

        Raises
        ------
        DataError
            ``not_to_show``, ``film_outside`` or ``film_missing``.
        """
        if not self.may_show(image):
            raise DataError(
                "not_to_show",
                "The data folder’s manifest.csv does not list this film as one that may be shown: "
                "its column display is not 1. Where it may be, write 1 there, for all films by: "
                "python -m train prepare … --display yes.",
            )
        try:
            path = (self.root / image).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            path = None
        if path is None or not path.is_file():
            raise DataError("film_missing", "The data folder does not hold this film.")
        if not path.is_relative_to(self.root):
            raise DataError(
                "film_outside",
                "The film’s path leads out of the data folder, so it was not opened.",
            )
        return path


def open_folder(root: str | Path) -> DataFolder:
    """Read a data folder's ``manifest.csv``.

    Raises
    ------
    DataError
        ``no_manifest`` or ``bad_manifest``.
    """
    try:
        root = Path(root).expanduser().resolve()
    except (OSError, ValueError, RuntimeError):
        raise _no_manifest() from None
    data = _manifest(root)
    _, listed = manifest.read(data, COLUMNS)
    rows = {row["image"]: _row(row) for row in listed}
    return DataFolder(root, hashlib.sha256(data).hexdigest(), rows)


def _manifest(root: Path) -> bytes:
    path = root / manifest.FILE
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            raise _no_manifest()
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError):
        raise _no_manifest() from None


def _no_manifest() -> DataError:
    return DataError(
        "no_manifest",
        "There is no data folder at this place: it has no manifest.csv that can be read.",
    )


def _row(row: Mapping[str, str]) -> ManifestRow:
    return ManifestRow(
        row["display"] == "1",
        _boxes(row.get("boxes") or "[]"),
        row["label"],
        row["source"],
        row.get("patient_id") or "",
    )


def _boxes(text: str) -> Boxes:
    """What is no box is left out: it must not keep the film from being read."""
    try:
        given = json.loads(text)
        boxes = [tuple(float(value) for value in box) for box in given]
    except (ValueError, TypeError, RecursionError):
        return ()
    return tuple(
        (x, y, w, h)
        for x, y, w, h in (box for box in boxes if len(box) == 4)
        if all(map(math.isfinite, (x, y, w, h))) and w > 0 and h > 0
    )
