"""Which of the files that were looked at become films, and in which split: decided from the table
of what was seen, ``seen.csv`` as :mod:`train.prepare.prepare` writes it, and from nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.manifest import FACTS, SPLITS
from . import perceptual_hash

NAMED = 4
"""Bits by which a film of the same name may differ: all pairs that
:mod:`train.prepare.perceptual_hash` measured. Of 16,198 different films 5 % have another this near,
so that a hash alone is not enough."""
CROPPED = "center_crop_0.875"
"""What the manifest's ``prep`` says of a film that shows only its middle."""


def middle(film: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle 87.5 % of each side of a film, uint8 (h, w)."""
    height, width = film.shape
    top, left = round(height / 16), round(width / 16)
    return np.ascontiguousarray(film[top : height - top, left : width - left])


def alike(seen: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    """The rows of a manifest whose films were seen.

    A row takes the file of its source that bears its name, within :data:`NAMED` bits; failing that
    the nearest file that no row has taken, within :data:`train.prepare.perceptual_hash.SAME`. Where
    a row shows only the middle of a film, that of the file is compared too.

    Parameters
    ----------
    seen : DataFrame
        ``seen.csv``, refused files left out.
    listed : DataFrame
        A manifest with the column ``phash``.

    Returns
    -------
    `listed` without the rows that have no file, with the columns ``member``, ``cropped`` (whether
    its middle is to be cut out), and without lungs: masks are not films.
    """
    parts = [
        _matched(files.reset_index(drop=True), listed[listed.source == source])
        for source, files in seen.groupby("source", sort=False)
    ]
    none = listed.iloc[:0].assign(member="", cropped=False)
    found = pd.concat([none, *parts]).sort_index()
    return found.assign(lung_mask="") if "lung_mask" in found else found


def _matched(files: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    whole, middles = _codes(files.phash), _codes(files.middle)
    stems = files.member.map(_stem).to_numpy()
    taken: dict[int, int] = {}  # place in rows → place in files
    used: set[int] = set()
    near: list[tuple[bool, int, int, int]] = []
    cropped = np.zeros(len(rows), bool)
    shown = rows.prep if "prep" in rows else rows.image.map(lambda _: "")
    for place, (image, digits, prep) in enumerate(zip(rows.image, rows.phash, shown, strict=True)):
        code = perceptual_hash.parse(digits)
        bits = perceptual_hash.distances(code, whole)
        if prep == CROPPED:
            inner = perceptual_hash.distances(code, middles)
            cropped[place] = inner.min() < bits.min()
            bits = inner if cropped[place] else bits
        named = (stems == _stem(image)) & (bits <= NAMED)
        close = named | (bits <= perceptual_hash.SAME)
        near += [(not named[i], int(bits[i]), place, int(i)) for i in np.flatnonzero(close)]
    for *_, place, file in sorted(near):
        if place not in taken and file not in used:
            taken[place] = file
            used.add(file)
    places = sorted(taken)
    chosen = rows.iloc[places]
    return chosen.assign(
        member=files.member.to_numpy()[[taken[p] for p in places]], cropped=cropped[places]
    )


def anew(
    seen: pd.DataFrame, shares: Mapping[str, float], external: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A manifest of every film that was seen once, split by patient.

    Parameters
    ----------
    seen : DataFrame
        ``seen.csv``, refused files left out.
    shares : mapping
        Split → share of the patients.
    external : sequence of str
        Sources that go into that split as a whole.

    Returns
    -------
    the manifest, with the columns ``member`` and ``cropped``; and the rows of `seen` that were
    seen before, with the columns ``of`` and ``label_of``: the film that they are copies of.
    """
    seen = seen[seen.label != ""].reset_index(drop=True)
    first = _first_copies(_codes(seen.phash))
    copies = seen[first != seen.index]
    earlier = seen.iloc[first[copies.index]]
    copies = copies.assign(of=earlier.member.to_numpy(), label_of=earlier.label.to_numpy())
    films = seen[first == seen.index]
    image = "images/" + films.source + "/" + films.sha256.str[:16] + ".jpg"
    whose = films.source + " " + films.patient_id.where(films.patient_id != "", films.sha256)
    split = whose.map(lambda text: split_of(text, shares))
    inside = ~films.source.isin(external)
    wanted = [name for name, share in shares.items() if share]
    split = _with_every_label(split[inside], films.label[inside], whose[inside], wanted)
    columns = {
        "image": image,
        "label": films.label,
        "split": split.reindex(films.index, fill_value=SPLITS[3]),
        "recommended": "1",
        "prep": "full",
        "cropped": False,
    }
    kept = ["source", "patient_id", *FACTS, "width", "height", "phash", "member"]
    return films[kept].assign(**columns), copies


def _with_every_label(
    split: pd.Series, label: pd.Series, whose: pd.Series, wanted: Sequence[str]
) -> pd.Series:
    """`split` with a patient of each label in all of `wanted`, where chance has left one without:
    with few films that is likely, and then nothing can be trained or measured."""
    split = split.copy()
    labels = label.groupby(whose).nunique()  # who holds several may be another label's only one
    for each in sorted(set(label)):
        held = whose[label == each]
        for name in wanted:
            patients = held.groupby(split[held.index]).nunique()
            if name not in patients and patients.max() > 1:
                most = held[split[held.index] == patients.idxmax()]
                split[whose == min(most, key=lambda who: (labels[who], who))] = name
    return split


def split_of(text: str, shares: Mapping[str, float]) -> str:
    """The split that a patient is in: by chance, but the same wherever and whenever it is asked."""
    place = (
        int(hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12], 16) / 16**12
    )
    last = ""
    for split, share in shares.items():
        if share:
            last = split
            if place < share:
                return split
            place -= share
    return last


def _first_copies(codes: NDArray[np.uint64]) -> NDArray[np.intp]:
    """For each film the place of the first one that it is a copy of: its own if there is none."""
    first = np.arange(len(codes))
    kept: list[int] = []
    known = np.empty(len(codes), np.uint64)
    for place, code in enumerate(codes):
        bits = perceptual_hash.distances(code, known[: len(kept)])
        if len(bits) and bits.min() <= perceptual_hash.SAME:
            first[place] = kept[int(bits.argmin())]
        else:
            known[len(kept)] = code
            kept.append(place)
    return first


def _codes(digits: pd.Series) -> NDArray[np.uint64]:
    return np.array([perceptual_hash.parse(each) for each in digits], np.uint64)


def _stem(path: str) -> str:
    return PurePosixPath(path).stem
