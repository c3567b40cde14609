"""Films to try the app with: sixteen that may be passed on, drawn phantoms, and a few of the
training folder's own where `CXR_DATA` names one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, zip_longest
from pathlib import Path

import cv2

from .. import manifest
from ..errors import DataError
from . import phantom

FOLDER = Path(__file__).resolve().parents[2] / "samples"
CREDIT = (
    "Films of children of one to five years, Guangzhou: Kermany et al., Cell 2018, "
    "doi 10.1016/j.cell.2018.02.010, CC BY 4.0."
)
_LABELS = "PNNNPPPPNNPPNNNP"
"""Labels of child-01.jpg to child-16.jpg; their names in the data set: ``samples/README.md``."""
_NEEDED = ("image", "label", "split", "source", "recommended", "flags", "display")


@dataclass(frozen=True)
class Sample:
    """A film that needs no upload.

    Attributes
    ----------
    name : str
        Does not tell the label.
    label : str
        As the data set gives it; "" for a drawing.
    source : str
        Where it comes from, for the reader.
    path : Path or None
        None: drawn by :func:`cxr.teaching.phantom.draw`.
    kind : str
        Of the drawing.
    """

    name: str
    label: str
    source: str
    path: Path | None = None
    kind: str = ""

    def data(self) -> bytes:
        """The file's bytes: JPEG as shipped, PNG for a drawing.

        Raises
        ------
        OSError
            The file is gone.
        """
        if self.path is not None:
            return self.path.read_bytes()
        return cv2.imencode(".png", phantom.draw(self.kind))[1].tobytes()


def shipped() -> list[Sample]:
    """The sixteen films in ``samples/``."""
    source = "Kermany et al., children, Guangzhou"
    return [
        Sample(f"child-{i:02d}", label, source, FOLDER / f"child-{i:02d}.jpg")
        for i, label in enumerate(_LABELS, 1)
    ]


def phantoms() -> list[Sample]:
    """One drawing of each kind."""
    return [Sample(f"phantom-{kind}", "", "drawn", kind=kind) for kind in phantom.KINDS]


def from_dataset(folder: Path, each: int = 4) -> dict[str, list[Sample]]:
    """A few films a label from `val` and `test` of a training folder, its sources in turn.

    Only rows with ``display=1``: on the others handwriting may be a name.

    Parameters
    ----------
    folder : Path
        With ``manifest.csv``.
    each : int
        Films a label, at most.

    Returns
    -------
    dict of label to samples; empty where there is no manifest.
    """
    by_source: dict[str, dict[str, list[str]]] = {}
    try:
        _, rows = manifest.read((folder / manifest.FILE).read_bytes(), _NEEDED)
    except (OSError, DataError):
        return {}
    for row in rows:
        if _may_be_shown(row):
            of_label = by_source.setdefault(row["label"], {})
            of_label.setdefault(row["source"], []).append(row["image"])
    out: dict[str, list[Sample]] = {}
    number = count(1)
    for label, sources in by_source.items():
        rounds = zip_longest(
            *([(source, image) for image in sorted(sources[source])] for source in sorted(sources))
        )
        turns = [turn for taken in rounds for turn in taken if turn is not None]
        out[label] = [
            Sample(f"{source}-{next(number):02d}", label, source, folder / image)
            for source, image in turns[:each]
        ]
    return out


def _may_be_shown(row: dict[str, str]) -> bool:
    return (
        row["display"] == "1"
        and row["recommended"] == "1"
        and not row["flags"]
        and row["split"] in ("val", "test")
        and ".." not in Path(row["image"]).parts
        and not Path(row["image"]).is_absolute()
    )
