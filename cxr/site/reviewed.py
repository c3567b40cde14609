"""Films for a fit whose labels are the verdicts of Review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import CxrError
from ..review.entries import Entry, settled
from ..review.folder import DataFolder
from ..review.relabel import told


@dataclass(frozen=True)
class Reviewed:
    """A film of the data folder, as its readers agree.

    Attributes
    ----------
    image : str
        Its path below the folder.
    path : Path
    label, patient, hospital : str
        Patient and hospital (the manifest's `source`) are "" where the manifest doesn't say.
    """

    image: str
    path: Path
    label: str
    patient: str
    hospital: str


@dataclass(frozen=True)
class Verdicts:
    """What Review has for a fit.

    Attributes
    ----------
    films : tuple of Reviewed
    undecided : int
        Films that were judged and have no label: readers disagree, or are unsure.
    refused : tuple of (str, CxrError)
        Films with a label that the folder does not give out.
    """

    films: tuple[Reviewed, ...]
    undecided: int
    refused: tuple[tuple[str, CxrError], ...]

    @property
    def hospitals(self) -> list[str]:
        return sorted({film.hospital for film in self.films})

    def of(self, hospital: str) -> list[Reviewed]:
        """The films of one hospital."""
        return [film for film in self.films if film.hospital == hospital]


def verdicts(folder: DataFolder, entries: Iterable[Entry]) -> Verdicts:
    """The films of a folder that readers judged, under whichever model.

    See :func:`cxr.review.relabel.relabel` for what a verdict speaks for. All who judged a film must
    agree, or have come to a consensus.
    """
    here = [entry for entry in entries if entry.image in folder.rows]
    labels, undecided = told(settled(here))
    films, refused = [], []
    for image, label in sorted(labels.items()):
        row = folder.rows[image]
        try:
            films.append(Reviewed(image, folder.path(image), label, row.patient, row.source))
        except CxrError as refusal:
            refused.append((image, refusal))
    return Verdicts(tuple(films), undecided, tuple(refused))
