"""From what a source publishes to a data folder: films that training reads, and their manifest.

First every file is looked at once (``seen.csv``: its perceptual hash, or why it is refused), then
:mod:`train.prepare.duplicates` decides on the manifest from that table alone, then the chosen films
are written. Stopped anywhere, the same command goes on; nothing that is there is ever overwritten;
no more than a few films are in memory at a time."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from tqdm import tqdm

from cxr.errors import CxrError, DataError
from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.reader import read
from cxr.manifest import FILE

from ..data import manifest
from . import perceptual_hash
from .duplicates import alike, anew, middle
from .prepared import Prepared, refused_as
from .sources import ListedFile, Naming, Source, films_of
from .tables import COLUMNS

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}
QUALITY = 80
"""Of the JPEG that every film becomes, so that its file tells nothing about its source."""
EXTERNAL_SIDE = 384
"""Pixels of the films of `external` in the manifest that ``like`` is about; others have 256."""
FACTS = [column for column in COLUMNS if column != "image"]
SEEN = ["source", "member", "refused", "phash", "middle", "sha256", "height", "width", *FACTS]
TOGETHER = 4 * (os.cpu_count() or 1)
"""Files that are read and decoded at a time."""


@dataclass(frozen=True)
class PreparePlan:
    """Everything that decides what becomes of the sources.

    Attributes
    ----------
    sources : tuple of Source
    naming : Naming
    shares : mapping
        Split → share of the patients.
    external : tuple of str
        Sources that no training may touch.
    longer_side : int
        Pixels; larger films shrink to it by area averaging.
    like : Path, optional
        A manifest whose films are looked for in the sources of the same names; it then decides on
        labels and splits.
    display : {"", "yes", "no"}
        Whether the app may show films of which no table says so.
    """

    sources: tuple[Source, ...]
    naming: Naming = field(default_factory=Naming)
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    external: tuple[str, ...] = ()
    longer_side: int = 256
    like: Path | None = None
    display: str = ""


def prepare(plan: PreparePlan, out: Path) -> Prepared:
    """Make a data folder, or go on making it.

    Parameters
    ----------
    plan : PreparePlan
    out : Path
        An empty folder, none, or one that the same plan was begun in.

    Raises
    ------
    DataError
        ``bad_plan``, ``would_overwrite``, ``no_films``, and those of
        :func:`train.prepare.sources.films_of` and :func:`train.data.manifest.load`.
    """
    wanted = _wanted(plan)
    for source in plan.sources:
        next(
            films_of(source, plan.naming), None
        )  # what is wrong with a table comes before all work
    _begin(plan, wanted, out)
    seen = _look(plan, out)
    fit = seen[seen.refused == ""]
    copies = fit.iloc[:0]
    if wanted is None:
        frame, copies = anew(fit, plan.shares, plan.external)
    else:
        frame = alike(fit, wanted)
    if frame.empty:
        refused = "".join(f" {why};" for why in refused_as(seen))
        raise DataError(
            "no_films",
            f"None of {len(seen)} files became a film:{refused} {len(fit)} have no label that was "
            "asked for (--labels) or match no row. seen.csv says which.",
        )
    _write(plan, frame, out)
    listed = _shown(frame.drop(columns=["member", "cropped"]), plan.display, out / FILE)
    _keep(copies, out / "copies.csv")
    _keep(listed, out / FILE, free="display")
    return Prepared(listed, seen, copies, wanted)


def _shown(frame: pd.DataFrame, display: str, kept: Path) -> pd.DataFrame:
    """The manifest with its column ``display``: what a table says, then what was asked for, else
    what an earlier run wrote."""
    if "display" not in frame and not display:
        return frame
    said = frame.display if "display" in frame else pd.Series("", frame.index)
    if display == "no":
        said = pd.Series("0", frame.index)
    elif display == "yes":
        said = said.where(said != "", "1")
    elif kept.is_file() and list((before := manifest.load(kept.parent)).image) == list(frame.image):
        said = pd.Series(before.get("display", said).to_numpy(), frame.index)
    return frame.assign(display=said)


def _wanted(plan: PreparePlan) -> pd.DataFrame | None:
    names = [source.name for source in plan.sources]
    if not all(map(_is_folder_name, names)):
        raise DataError(
            "bad_plan",
            "A source's name becomes a folder's: it is not empty, '.' or '..' and holds neither / "
            "nor \\. Say NAME=PATH for each.",
        )
    if len(set(names)) < len(names):
        raise DataError("bad_plan", "Two sources have one name. Say NAME=PATH for each.")
    if strange := sorted(set(plan.external) - set(names)):
        raise DataError("bad_plan", f"No source is called {', '.join(strange)}.")
    if plan.like is None:
        return None
    wanted = manifest.load(plan.like.parent, plan.like.name)
    if "phash" not in wanted or not wanted.phash.str.fullmatch("[0-9a-f]{16}").all():
        raise DataError("bad_manifest", "The manifest to match has no column phash, or not of all.")
    if not wanted.image.map(manifest.inside).all():
        raise DataError("bad_manifest", "The manifest to match has films outside its folder.")
    if strange := sorted(set(names) - set(wanted.source)):
        raise DataError(
            "bad_plan",
            f"The manifest to match knows no source {', '.join(strange)}. Say NAME=PATH with its "
            f"names: {', '.join(sorted(set(wanted.source)))}.",
        )
    return wanted


def _is_folder_name(name: str) -> bool:
    return bool(name.strip(" .")) and not set(name) & set("/\\\0")


def _begin(plan: PreparePlan, wanted: pd.DataFrame | None, out: Path) -> None:
    """Keep the plan beside its films, so that no other is ever mixed in."""
    values = {
        "sources": [source.name for source in plan.sources],
        "naming": asdict(plan.naming),
        "shares": dict(plan.shares),
        "external": list(plan.external),
        "longer_side": plan.longer_side,
        "like": None if wanted is None else manifest.fingerprint(wanted),
    }
    kept = out / "prepare.json"
    if kept.is_file():
        before = json.loads(kept.read_text(encoding="utf-8"))
        before["naming"] = asdict(Naming(**before["naming"]))  # older folders know fewer options
        if before != values:
            raise DataError(
                "would_overwrite",
                "This folder was begun with other options or sources. Say the same again, or name "
                "an empty folder.",
            )
        return
    if out.exists() and any(out.iterdir()):
        raise DataError("would_overwrite", "The folder holds something already. Name an empty one.")
    out.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(values, indent=1), encoding="utf-8")


def _look(plan: PreparePlan, out: Path) -> pd.DataFrame:
    """Look at every file that ``seen.csv`` does not tell of yet, and write there what was seen."""
    path = out / "seen.csv"
    _drop_half_line(path)
    there = path.is_file()
    behind = set()
    if there:
        behind = set(_read_seen(path)[["source", "member"]].itertuples(index=False, name=None))
    with (
        path.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file,
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(desc="looking at files", unit=" files", initial=len(behind)) as bar,
    ):
        writer = csv.DictWriter(file, SEEN, restval="", lineterminator="\n")
        if not there:
            writer.writeheader()
        for source in plan.sources:
            ahead = (
                each
                for each in films_of(source, plan.naming)
                if (source.name, each.member) not in behind
            )
            while some := [(each, _content(each)) for each in islice(ahead, TOGETHER)]:
                for row in pool.map(_seen, some):
                    writer.writerow({"source": source.name, **row})
                file.flush()
                bar.update(len(some))
    return _read_seen(path).drop_duplicates(["source", "member"], ignore_index=True)


def _read_seen(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding_errors="surrogateescape")


def _drop_half_line(path: Path) -> None:
    """What a killed process wrote last may be half a line."""
    if path.is_file():
        with path.open("r+b") as file:
            whole = file.read().rpartition(b"\n")[0]
            file.truncate(len(whole) + bool(whole))
            if not whole:
                path.unlink()


def _content(listed: ListedFile) -> bytes | Path | CxrError:
    if listed.refused:
        return b""  # not looked at
    try:
        return listed.content()
    except DataError:
        raise
    except CxrError as refusal:
        return refusal


def _seen(item: tuple[ListedFile, bytes | Path | CxrError]) -> dict[str, Any]:
    listed, content = item
    row: dict[str, Any] = {"member": listed.member, **listed.facts, "refused": listed.refused}
    if listed.refused:
        return row
    try:
        if isinstance(content, CxrError):
            raise content
        film = read(content)
    except CxrError as refusal:
        return {**row, "refused": refusal.code}
    shown = film.eight_bit
    return {
        **row,
        "view": row.get("view") or film.view or "",
        "phash": perceptual_hash.text(perceptual_hash.phash(shown)),
        "middle": perceptual_hash.text(perceptual_hash.phash(middle(shown))),
        "sha256": film.sha256,
        "height": shown.shape[0],
        "width": shown.shape[1],
    }


def _write(plan: PreparePlan, frame: pd.DataFrame, out: Path) -> None:
    """Write the films of the manifest that are not there yet."""
    ahead = frame[[not (out / image).is_file() for image in frame.image]]
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(desc="writing films", unit=" films", total=len(ahead)) as bar,
    ):
        for source in plan.sources:
            rows = {row.member: row for row in ahead[ahead.source == source.name].itertuples()}
            files = films_of(source, plan.naming) if rows else iter(())
            chosen = (each for each in files if each.member in rows)
            while some := [
                (rows.pop(each.member), _content(each)) for each in islice(chosen, TOGETHER)
            ]:
                list(pool.map(lambda item: _write_film(plan, item[0], item[1], out), some))
                bar.update(len(some))


def _write_film(plan: PreparePlan, row: Any, content: bytes | Path | CxrError, out: Path) -> None:
    if isinstance(content, CxrError):
        raise content
    film = read(content).eight_bit
    side = plan.longer_side
    if plan.like is not None and row.split == "external":
        side = EXTERNAL_SIDE
    film = reduce_film(middle(film) if row.cropped else film, side)
    target = out / row.image
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    Image.fromarray(film).save(part, "JPEG", quality=QUALITY)
    part.replace(target)


def _keep(frame: pd.DataFrame, path: Path, free: str = "") -> None:
    """Write a table, never over another; one that differs in the column `free` alone may change."""
    content = _csv(frame)
    if path.is_file() and path.read_bytes() != content:
        before = manifest.load(path.parent) if path.name == FILE else _read_seen(path)
        if _csv(before, free) != _csv(frame, free):
            raise DataError(
                "would_overwrite",
                "The sources hold other films than when this folder was finished. Prepare them in "
                "an empty one.",
            )
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def _csv(frame: pd.DataFrame, without: str = "") -> bytes:
    kept = frame.drop(columns=without, errors="ignore")
    return kept.to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogateescape")
