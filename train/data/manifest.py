"""The list of films: read, checked as a whole, and never altered."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from cxr.errors import DataError
from cxr.imaging import ages
from cxr.manifest import FILE, read
from cxr.model.bundle import Bundle

from ..recipes.recipe import Recipe

SPLITS = ("train", "val", "test", "external")
COLUMNS = ("image", "label", "split", "source", "patient_id", "recommended")
FEW = 5
"""Films that a list of problems names one by one."""
FACTS = ("view", "age_group", "age", "sex", "flags", "display")


def load(data: Path, name: str = FILE) -> pd.DataFrame:
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
    header, rows = read(path.read_bytes(), COLUMNS)
    return pd.DataFrame(rows, columns=header, dtype=str)


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
    """The films that a recipe's `labels` (empty: any), `sources` (empty: all) and `relabel` ask
    for, under its labels.

    Raises
    ------
    DataError
        ``bad_manifest``: there is no ``original_label`` to relabel by.
    """
    if relabel:
        if "original_label" not in frame:
            raise DataError("bad_manifest", "manifest.csv lacks the column original_label.")
        frame = frame.assign(label=frame.original_label.map(relabel).fillna(frame.label))
    wanted = frame.label.isin(labels) if labels else frame.label != ""
    if sources:
        wanted &= frame.source.isin(sources)
    return frame[wanted].reset_index(drop=True)


def of_recipe(frame: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """The films that a recipe is about, under its labels; cache, predictions and figures hold all
    of them."""
    return chosen(frame, recipe.labels, recipe.sources, recipe.relabel)


def renamed(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The films of the labels that `names` maps to a network's, under the network's."""
    kept = frame[frame.label.isin(names)].reset_index(drop=True)
    return kept.assign(label=kept.label.map(names))


def of_bundle(frame: pd.DataFrame, bundle: Bundle, splits: tuple[str, ...]) -> pd.DataFrame:
    """The films that a bundle's network is about, under its labels: those of its recipe; an adopted
    network may call them otherwise than the manifest does. Sites that its training left out are
    external.

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
    away = kept.source.isin(bundle.provenance.get("left_out", ()))
    kept = kept.assign(split=kept.split.where(~away, "external"))
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
    :data:`FACTS`, empty where the manifest doesn't say; ages in years.
    """
    facts = frame.reindex(columns=[*COLUMNS, *FACTS], fill_value="")
    facts["age"] = facts.age.map(ages.written)
    number = facts.groupby(["source", "patient_id"], sort=False).ngroup().astype(str)
    facts["patient"] = number.where(facts.patient_id != "", "")
    return facts[["image", "split", "source", "patient", "label", "recommended", *FACTS]]


def problems(frame: pd.DataFrame, data: Path, labels: tuple[str, ...]) -> list[str]:
    """Everything wrong with the list itself, one sentence each; whether films can be read is
    found when the cache is built."""
    found = [f"{p}: listed more than once" for p in frame.image[frame.image.duplicated()]]
    for column, names in (("label", labels), ("split", SPLITS)):
        for value, films in frame[~frame[column].isin(names)].groupby(column).image:
            what = f"unknown {column} {value!r}, expected one of {', '.join(names)}"
            found += _by_film(list(films), what, len(frame))
    found += _unsaid(frame)
    found += _no_ages(frame)
    found += [f"{p}: outside the data folder" for p in frame.image if not inside(p)]
    found += _absent(frame, data)
    known = frame[frame.patient_id != ""]
    whole = (known.patient_id + " of " + known.source).rename("patient")
    for patient, splits in known.split.groupby(whole).unique().items():
        if len(splits) > 1:
            found.append(f"patient {patient} is in {' and '.join(sorted(splits))}")
    for split, left_out, which in (("train", "0", " that is recommended"), ("val", None, "")):
        within = frame[frame.split == split]
        used = set(within.label[within.recommended != left_out])
        for label in sorted(set(labels) - used):
            there_are = bool((within.label == label).any())
            found.append(f"{split} has no film labelled {label}" + which * there_are)
    return found


def _by_film(films: list[str], what: str, of: int) -> list[str]:
    """A sentence a film, as long as they are few; else one that counts them."""
    if len(films) <= FEW:
        return [f"{film}: {what}" for film in films]
    return [f"{', '.join(films[:FEW])}, …: {what} ({len(films)} of {of} films)"]


def _absent(frame: pd.DataFrame, data: Path) -> list[str]:
    """Films that are not where the list says; where none is, the folder is the wrong one."""
    within = [film for film in frame.image if inside(film)]
    absent = [film for film in within if not there(data / film)]
    if absent and len(absent) == len(within):
        return [
            f"none of the {len(within)} films is there (the first would be {absent[0]}): name "
            "with --data the folder below which the films lie as the column image has them, "
            f"{FILE} in it"
        ]
    return _by_film(absent, "no such file", len(frame))


def _unsaid(frame: pd.DataFrame) -> list[str]:
    """One sentence on films of which ``recommended`` doesn't say whether they are learnt from."""
    odd = frame[~frame.recommended.isin(["0", "1"])]
    if odd.empty:
        return []
    few = ", ".join(f"{row.image} {row.recommended!r}" for row in odd.head(3).itertuples())
    more = ", …" * (len(odd) > 3)
    return [
        f"recommended is neither 0 nor 1 in {len(odd)} of {len(frame)} films ({few}{more}): write "
        "1, or 0 to leave a film out of training"
    ]


def _no_ages(frame: pd.DataFrame) -> list[str]:
    """One sentence on films whose age is none."""
    said = frame["age"] if "age" in frame else pd.Series("", frame.index)
    odd = frame[~is_age(said)]
    return [no_ages(list(zip(odd.image, odd.age, strict=True)), len(frame))] if len(odd) else []


def is_age(said: pd.Series) -> pd.Series:
    """Which of these can be read, as an age or as unknown."""
    known = {}
    for text in said.unique():
        try:
            known[text] = ages.years(text) is not None
        except ValueError:
            known[text] = False
    return said.map(known).astype(bool)


def no_ages(odd: list[tuple[str, str]], of: int) -> str:
    """A sentence on films, or rows, and what each says for an age."""
    few = ", ".join(f"{where} {text!r}" for where, text in odd[:3]) + ", …" * (len(odd) > 3)
    return (
        f"age is no age in {len(odd)} of {of} films ({few}): write years, as 58 or .5, or as 058Y, "
        "6M, 6 months, 90+; or leave it empty where it is not known"
    )


def there(path: Path) -> bool:
    """Whether a file is there; under a name that is too long for one, none is."""
    try:
        return path.is_file()
    except OSError:
        return False


def inside(path: str) -> bool:
    """Whether a path stays below the folder that it starts from."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def refuse(found: list[str]) -> None:
    """Raise one :class:`DataError` ``bad_data`` that lists every problem, if there is any."""
    if found:
        lines = "\n".join(f"  {line}" for line in found)
        raise DataError("bad_data", f"The data has {len(found)} problem(s):\n{lines}")
