"""Other ways to split the films than the manifest's: whole sites left out, and k folds.

`external` is never part of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from cxr.errors import DataError

from .manifest import described

LEFT_OUT = "left_out"


def without_sites(frame: pd.DataFrame, sites: Sequence[str]) -> pd.DataFrame:
    """`frame` with the films of `sites` that are in train or val in the split "left_out", so that
    nothing is learnt from them or judged by them; what is chosen by those leaves `test` untouched.

    Raises
    ------
    DataError
        ``unknown_site``, also for a site of `test` or `external` alone; ``bad_data`` if a label is
        left without films to learn from or to judge by.
    """
    inside = frame.split.isin(("train", "val"))
    known = set(frame.source[inside])
    if strange := [site for site in sites if site not in known]:
        raise DataError(
            "unknown_site",
            f"No film to learn from comes from {', '.join(strange)}; there are "
            f"{', '.join(sorted(known))}.",
        )
    out = frame.source.isin(sites) & inside
    cut = frame.assign(split=frame.split.where(~out, LEFT_OUT))
    _check_labels(cut, frame.label, "Without these sites")
    return cut


def external_where_left_out(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` as a network has it that was kept from sites: all their films, those of test too, are
    in "external"."""
    away = frame.source[frame.split == LEFT_OUT]
    return frame.assign(split=frame.split.where(~frame.source.isin(away), "external"))


def folds(frame: pd.DataFrame, k: int, seed: int = 0) -> Iterator[pd.DataFrame]:
    """`frame` in `k` other splits of its films, each film once in `test`.

    A patient's films stay together; sources and labels are spread alike. The next fold is `val`.

    Parameters
    ----------
    frame : DataFrame
        As :func:`train.data.manifest.load` gives it.
    k : int
        3 or more.
    seed : int

    Raises
    ------
    DataError
        ``bad_data``: there are fewer patients, or fewer films of any label and source; or a fold
        would learn without a label, or be judged without it.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    inside = np.flatnonzero(frame.split != "external")
    rows = described(frame).iloc[inside]
    whose = (rows.source + " " + rows.patient).where(rows.patient != "", rows.image)
    cells = rows.source + rows.label
    if k > (most := min(whose.nunique(), cells.value_counts().max())):
        raise DataError(
            "bad_data",
            f"These films can be spread over {most} folds at most: there are {whose.nunique()} "
            "patients (a film whose patient is unknown is one), and no source has more than "
            f"{cells.value_counts().max()} films of one label. Ask for fewer with --k, 3 or more.",
        )
    spread = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    fold = np.full(len(frame), -1)
    for number, (_, held) in enumerate(spread.split(rows, cells, whose)):
        fold[inside[held]] = number
    cuts = []
    for number in range(k):
        split = np.where(fold == number, "test", "train").astype(object)
        split[fold == (number + 1) % k] = "val"
        split[fold < 0] = "external"
        cuts.append(frame.assign(split=split))
        _check_labels(cuts[-1], rows.label, f"In fold {number + 1} of {k}")
    yield from cuts


def _check_labels(cut: pd.DataFrame, labels: Iterable[str], where: str) -> None:
    """Refuse a split whose films to learn from, or to judge by, lack a label."""
    unused = (cut.split == "train") & (cut.recommended == "0")
    for split in ("train", "val"):
        if gone := set(labels) - set(cut.label[(cut.split == split) & ~unused]):
            raise DataError(
                "bad_data",
                f"{where} {split} has no film labelled {', '.join(sorted(gone))}. Ask for other "
                "folds or sites, or leave the label out of the recipe.",
            )
