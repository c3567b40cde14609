"""What a fit needs of a hospital's films: the network's averages and logits, and a film's crude
looks. Of its pixels there stay a thumbnail of 16 × 16, and the corners of one of 64 × 64."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..dicomweb.reference import Reference
from ..errors import CxrError, SiteError
from ..imaging.preprocessing import preprocess, reduce_film
from ..imaging.radiograph import Radiograph
from ..imaging.reader import bytes_of, whose
from ..input_checks import LONGER_SIDE, measures
from ..model.classifier import Classifier
from ..screening.assess import Assessment, Source, assess

_KEY = secrets.token_bytes(16)
ALIKE = 0.06
"""How far thumbnails of one film may be apart at any point, in standard deviations of the film. Of
576 films of eight sources, a copy as JPEG of quality 75 was at most .05 off, one reduced to three
quarters mostly .02 and at worst .10; no two films were nearer than .67."""
_FEW = [68, 75, 100, 107, 132, 139, 164, 171]
"""Points of a thumbnail that lie over the lungs of most films."""
_CORNER = 5
_RIM = 2
CRUDE = ("thumbnail", "rim", "corners", "brightness and sharpness")
"""What might tell two piles of films apart without a look at the lungs."""


@dataclass(frozen=True, eq=False)
class SiteFilm:
    """One film, as a fit sees it.

    Attributes
    ----------
    identity : str
        Hash of what the network is shown: two files of one film have the same.
    averages : float32 (K,)
        Of the last feature maps; K = 0 for a network that gives none.
    logits : float32 (classes,)
        As shipped, without any profile.
    crude : tuple of float32 (n,)
        One vector for each of :data:`CRUDE`.
    outside : bool
        Whether the input checks say that it is outside what the network knows.
    patient : str
        Whose film it is as its DICOM file says, see :func:`patient_of`; "" where it does not.
    network : str
        The digest of the bundle that scored it; "" where that is not known.
    """

    identity: str
    averages: NDArray[np.float32]
    logits: NDArray[np.float32]
    crude: tuple[NDArray[np.float32], ...]
    outside: bool
    patient: str = ""
    network: str = ""


def patient_of(source: Source) -> str:
    """Whose film a DICOM file is: the same for files of one patient, under a key that is this
    process's own and goes with it; "" where it does not say, and for whatever is no file."""
    if isinstance(source, Radiograph | Reference):
        return ""
    try:
        said = whose(bytes_of(source), _KEY)
    except CxrError:
        return ""
    return said.patient if said is not None else ""


def film_of(assessment: Assessment, model: Classifier, patient: str = "") -> SiteFilm:
    """Take what a fit needs from a film that was assessed by `model` as shipped; `patient` is what
    :func:`patient_of` says of it.

    Raises
    ------
    CxrError
        The film's own refusal.
    """
    prediction, checks = assessment.scored
    assert assessment.film is not None
    square = preprocess(assessment.film.eight_bit, model.preprocessing)
    maps = prediction.features
    return SiteFilm(
        hashlib.sha256(square.tobytes()).hexdigest(),
        np.zeros(0, np.float32) if maps is None else maps.mean((0, 1)),
        np.array(list(prediction.logits.values()), np.float32),
        _crude(assessment.film),
        checks.outside,
        patient,
        model.bundle.digest,
    )


def people(
    films: Sequence[SiteFilm], patients: Sequence[str] | None, places: Sequence[int]
) -> NDArray[np.intp]:
    """Whose each film at `places` is, a number a person, int (n,). Films are one person's that
    `patients` calls alike, and those whose files do, unless `patients` has a name for each of
    these; so are copies of one film. Any other film that neither names is one person's alone."""
    said = patients or [""] * len(films)
    unsaid = {film.patient for film, name in zip(films, said, strict=True) if not name}
    above = list(range(len(films)))
    seen: dict[tuple[str, str], int] = {}

    def first(place: int) -> int:
        while above[place] != place:
            place = above[place]
        return place

    for place, (film, name) in enumerate(zip(films, said, strict=True)):
        own = film.patient if film.patient in unsaid else ""
        for named in (("said", name), ("own", own)):
            if named[1]:
                above[first(place)] = first(seen.setdefault(named, place))
    for place, copy in _copies(films):
        above[first(place)] = first(copy)
    return np.unique([first(place) for place in places], return_inverse=True)[1]


def _copies(films: Sequence[SiteFilm]) -> Iterator[tuple[int, int]]:
    """Places of films that show one picture, stored in two ways: a fold would know it again."""
    if not films:
        return
    small = np.stack([film.crude[0] for film in films])
    few = small[:, _FEW]
    for place, one in enumerate(small):
        # A few points first: nearly every pair is apart in these.
        near = np.abs(few[place + 1 :] - few[place]).max(1) <= ALIKE
        for other in place + 1 + np.flatnonzero(near):
            if np.abs(small[other] - one).max() <= ALIKE:
                yield place, int(other)


def gather(
    model: Classifier, sources: Iterable[Source]
) -> tuple[list[SiteFilm | None], dict[int, CxrError]]:
    """Read and score films for a fit.

    Returns
    -------
    films : list of SiteFilm or None
        In the order of `sources`; None for what was refused.
    refused : dict of int to CxrError
        Place → why.
    """
    shipped = model.at(None)
    films: list[SiteFilm | None] = []
    refused: dict[int, CxrError] = {}
    for place, source in enumerate(sources):
        try:
            films.append(film_of(assess(source, shipped), shipped, patient_of(source)))
        except CxrError as refusal:
            films.append(None)
            refused[place] = refusal
    return films, refused


def distinct(films: Sequence[SiteFilm], labels: Sequence[str]) -> None:
    """Refuse a film that is there twice.

    Raises
    ------
    SiteError
        ``two_labels``: the same film is given under two labels; ``film_twice``: under one.
    """
    seen: dict[str, int] = {}
    twice: list[tuple[int, int]] = []
    for place, film in enumerate(films):
        if film.identity in seen:
            twice.append((seen[film.identity], place))
        seen.setdefault(film.identity, place)
    contrary = [(a, b) for a, b in twice if labels[a] != labels[b]]
    if contrary:
        raise SiteError(
            "two_labels",
            f"{_counted(contrary, 'film is', 'films are')} given under two labels: "
            f"{_places(contrary)}. Say which is right, or leave both out.",
        )
    if twice:
        raise SiteError(
            "film_twice",
            f"{_counted(twice, 'film is', 'films are')} given twice: {_places(twice)}. A film "
            "counts once: leave one of each out.",
        )


def _counted(pairs: Sequence[object], one: str, more: str) -> str:
    return f"{len(pairs)} {one if len(pairs) == 1 else more}"


def _places(pairs: Sequence[tuple[int, int]]) -> str:
    said = [f"{a + 1} and {b + 1}" for a, b in pairs[:5]]
    return ", ".join(said) + (" …" if len(pairs) > 5 else "")


def _crude(film: Radiograph) -> tuple[NDArray[np.float32], ...]:
    small = reduce_film(film.eight_bit, LONGER_SIDE)
    grid = measures.GRID
    cells = cv2.resize(small, (grid, grid), interpolation=cv2.INTER_AREA).astype(np.float32)
    edge = np.ones((grid, grid), bool)
    edge[_RIM:-_RIM, _RIM:-_RIM] = False
    fine = cv2.resize(small, (4 * grid, 4 * grid), interpolation=cv2.INTER_AREA)
    corner = np.zeros(fine.shape, bool)
    side = 2 * _CORNER
    for rows in (slice(None, side), slice(-side, None)):
        for columns in (slice(None, side), slice(-side, None)):
            corner[rows, columns] = True
    sharp = float(cv2.Laplacian(small.astype(np.float32), cv2.CV_32F).std())
    light = (measures.brightness(small), float(small.std()), sharp, measures.grain(small))
    return (
        measures.thumbnail(small),
        (cells[edge] / 255).astype(np.float32),
        (fine[corner] / 255).astype(np.float32),
        np.array(light, np.float32),
    )
