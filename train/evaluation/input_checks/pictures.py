"""Pictures that are no frontal chest film, or one shown amiss: what the passport makes of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import CxrError
from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.radiograph import Radiograph
from cxr.imaging.reader import read
from cxr.input_checks import Fitted
from cxr.model.classifier import Classifier
from cxr.model.lungs import LungFinder
from cxr.screening.assess import assess

from .fitting import flags, score

Film = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Bench:
    """What every table needs."""

    model: Classifier
    finder: LungFinder
    fitted: Fitted
    data: Path

    def table(self, films: Sequence[Film]) -> pd.DataFrame:
        """Scores, one row a film and one column a code."""
        return pd.DataFrame(score(self.model, self.finder, self.fitted, film) for film in films)

    def flagged(self, scored: pd.DataFrame) -> pd.DataFrame:
        """Of such scores, what is beyond its limit."""
        return pd.DataFrame(flags(scored, self.fitted, self.finder), columns=scored.columns)


def rows(bench: Bench, films: Sequence[Film]) -> Iterator[str]:
    """Rows of a table: pictures of other things, and films that are shown amiss."""
    folder = bench.data / "not_chest"
    forms: dict[str, Callable[[Path], Radiograph]] = {
        "as they are": read,
        "in grey": lambda path: as_film(_grey(path)),
        "in grey, 256 pixels": lambda path: as_film(reduce_film(_grey(path), 256)),
        "in grey, inside a DICOM file": lambda path: read(_dicom(_grey(path))),
    }
    yield "| pictures | n | refused by reading | refused by the passport | let in | outside |"
    yield "| --- | --- | --- | --- | --- | --- |"
    if folder.is_dir():
        for name, form in forms.items():
            yield _refusals(bench, f"`not_chest`, {name}", sorted(folder.iterdir()), form)
    changes: dict[str, Callable[[Film], Film]] = {
        "upside down": lambda film: np.ascontiguousarray(film[::-1]),
        "on its side": lambda film: np.ascontiguousarray(np.rot90(film)),
        "photographed off a screen (drawn)": _off_a_screen,
    }
    for name, change in changes.items():
        shown = [as_film(change(film)) for film in films]
        yield _refusals(bench, f"films of test, {name}", shown, lambda film: film)


def _refusals(bench: Bench, name: str, items: Sequence[T], form: Callable[[T], Radiograph]) -> str:
    unread = refused = outside = 0
    for item in items:
        try:
            film = form(item)
        except CxrError:
            unread += 1
            continue
        _, found = assess(film, bench.model, let_in=True).scored
        refused += "not_chest" in found.flags
        outside += found.outside
    let_in = len(items) - unread - refused
    return f"| {name} | {len(items)} | {unread} | {refused} | {let_in} | {outside} |"


def as_film(pixels: Film) -> Radiograph:
    """Pixels as a film that was read."""
    return Radiograph(pixels, 8, "", "PNG")


def _grey(path: Path) -> Film:
    if path.suffix == ".dcm":
        import pydicom

        stored = pydicom.dcmread(path).pixel_array.astype(np.float32)
        return np.interp(stored, (stored.min(), stored.max()), (0, 255)).astype(np.uint8)
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


def _dicom(pixels: Film) -> bytes:
    """A DICOM file that says of `pixels` that they are a frontal chest film."""
    from pydicom import uid
    from pydicom.dataset import Dataset, FileMetaDataset

    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = uid.ComputedRadiographyImageStorage, "2.25.1"
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = "CR", "CHEST", "PA"
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = pixels.tobytes() + bytes(pixels.size % 2)
    ds["PixelData"].VR = "OB"
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _off_a_screen(film: Film) -> Film:
    """The film in perspective on a dark-rimmed screen in a lit room, with a faint moiré."""
    height, width = film.shape
    tall, wide = int(1.6 * height), int(1.6 * width)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[0.2, 0.18], [0.82, 0.22], [0.8, 0.8], [0.17, 0.84]]) * (wide, tall)
    turn = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    there = cv2.warpPerspective(np.ones_like(film), turn, (wide, tall))
    shown = 15 + 0.8 * cv2.warpPerspective(film, turn, (wide, tall)).astype(np.float32)
    y, x = np.mgrid[:tall, :wide]
    shown += 6 * np.sin(1.9 * x + 0.2 * y)
    room = np.broadcast_to(np.linspace(50, 130, wide), (tall, wide))
    rim = cv2.dilate(there, np.ones((9, 9), np.uint8)) > 0
    picture = np.where(there > 0, shown, np.where(rim, 10, room))
    return np.clip(picture, 0, 255).astype(np.uint8)
