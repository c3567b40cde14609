"""The list of films: read, checked as a whole, and never altered."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from cxr.bundle import Bundle
from cxr.errors import DataError

SPLITS = ("train", "val", "test", "external")
COLUMNS = ("image", "label", "split", "source", "patient_id", "recommended")
FACTS = ("view", "age_group", "age", "sex", "flags", "display")


def load(data: Path, name: str = "manifest.csv") -> pd.DataFrame:
    """Read the manifest as text, one row a film, in file order.

    Raises
    ------
    DataError
        ``no_manifest`` or ``bad_manifest``.
    """
    path = data / name
    if not path.is_file():
        raise DataError(
            "no_manifest",
            "The data folder has no manifest.csv; docs/training.md describes its columns.",
        )
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := [c for c in COLUMNS if c not in frame.columns]:
        raise DataError("bad_manifest", f"manifest.csv lacks the columns {', '.join(missing)}.")
    return frame


def fingerprint(frame: pd.DataFrame) -> str:
    """sha256 of what decides a result: the path, label, split and source of every film."""
    text = frame[["image", "label", "split", "source"]].to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def chosen(
    frame: pd.DataFrame,
    labels: Collection[str],
    sources: Collection[str],
    relabel: Mapping[str, str],
) -> pd.DataFrame:
    """The films that a recipe's `labels`, `sources` (empty: all) and `relabel` ask for, under its
    labels.

    Raises
    ------
    DataError
        ``bad_manifest``: there is no ``original_label`` to relabel by.
    """
    if relabel:
        if "original_label" not in frame:
            raise DataError("bad_manifest", "manifest.csv lacks the column original_label.")
        frame = frame.assign(label=frame.original_label.map(relabel).fillna(frame.label))
    wanted = frame.label.isin(labels)
    if sources:
        wanted &= frame.source.isin(sources)
    return frame[wanted].reset_index(drop=True)


def renamed(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The films of the labels that `names` maps to a network's, under the network's."""
    kept = frame[frame.label.isin(names)].reset_index(drop=True)
    return kept.assign(label=kept.label.map(names))


def of_bundle(frame: pd.DataFrame, bundle: Bundle, splits: tuple[str, ...]) -> pd.DataFrame:
    """The films that a bundle's network is about, under its labels: those of its recipe; an adopted
    network may call them otherwise than the manifest does.

    Raises
    ------
    DataError
        ``bad_data``: one of `splits` has no such film; ``bad_manifest``: see :func:`chosen`.
    """
    recipe = bundle.provenance.get("recipe", {})
    labels, sources = bundle.labels, recipe.get("sources", ())
    if "adopted" in bundle.provenance:
        labels = bundle.provenance["adopted"]["labels"]
        kept = renamed(frame, labels)
    else:
        kept = chosen(frame, labels, sources, recipe.get("relabel", {}))
    what = f"labelled {' or '.join(labels)}" + f" of {' or '.join(sources)}" * bool(sources)
    absent = [split for split in splits if not (kept.split == split).any()]
    refuse([f"{split} has no film {what}" for split in absent])
    return kept


def described(frame: pd.DataFrame) -> pd.DataFrame:
    """What ``predictions.csv`` says of each film besides its logits.

    Returns
    -------
    DataFrame in the order of `frame`: image, split, source, ``patient`` (a number that says which
    films are of one person and nothing else; empty where unknown), label, recommended, and
    :data:`FACTS`, empty where the manifest doesn't say.
    """
    facts = frame.reindex(columns=[*COLUMNS, *FACTS], fill_value="")
    number = facts.groupby(["source", "patient_id"], sort=False).ngroup().astype(str)
    facts["patient"] = number.where(facts.patient_id != "", "")
    return facts[["image", "split", "source", "patient", "label", "recommended", *FACTS]]


def problems(frame: pd.DataFrame, data: Path, labels: tuple[str, ...]) -> list[str]:
    """Everything wrong with the list itself, one sentence each; whether films can be read is
    found when the cache is built."""
    found = [f"{p}: listed more than once" for p in frame.image[frame.image.duplicated()]]
    found += [
        f"{row.image}: unknown label {row.label!r}, expected one of {', '.join(labels)}"
        for row in frame[~frame.label.isin(labels)].itertuples()
    ]
    found += [
        f"{row.image}: unknown split {row.split!r}, expected one of {', '.join(SPLITS)}"
        for row in frame[~frame.split.isin(SPLITS)].itertuples()
    ]
    found += [f"{p}: outside the data folder" for p in frame.image if not inside(p)]
    found += [f"{p}: no such file" for p in frame.image if inside(p) and not (data / p).is_file()]
    known = frame[frame.patient_id != ""]
    whole = (known.patient_id + " of " + known.source).rename("patient")
    for patient, splits in known.split.groupby(whole).unique().items():
        if len(splits) > 1:
            found.append(f"patient {patient} is in {' and '.join(sorted(splits))}")
    for split in ("train", "val"):
        absent = sorted(set(labels) - set(frame.label[frame.split == split]))
        found += [f"{split} has no film labelled {label}" for label in absent]
    return found


def inside(path: str) -> bool:
    """Whether a path stays below the folder that it starts from."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def refuse(found: list[str]) -> None:
    """Raise one :class:`DataError` ``bad_data`` that lists every problem, if there is any."""
    if found:
        lines = "\n".join(f"  {line}" for line in found)
        raise DataError("bad_data", f"The data has {len(found)} problem(s):\n{lines}")
