"""Which file of a folder each row of a table means.

Tables name films as whoever published them kept them: with folders that are not here or without
those that are, with Windows' separators, another ending or none. A name means the file whose path
ends like it. Where the table's own first folders are in the way, some are passed over: the same
number for all rows, since one by itself would go on until it ends at another patient's film.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from urllib.parse import unquote

from cxr.errors import DataError

ENOUGH = 0.1
"""Of the names that any number of folders passed over finds a file for, the share with which a
smaller number is taken: the others' files are then not here."""
_ENDINGS = {"png", "jpg", "jpeg", "jpe", "jfif", "dcm", "dicom", "ima", "tif", "tiff", "bmp"}
_ENDINGS |= {"gif", "webp", "jp2"}

Parts = tuple[str, ...]


def find(names: Iterable[str], members: Collection[str]) -> dict[str, str]:
    """Name → the file that it means; without those whose file is not here.

    Parameters
    ----------
    names : iterable of str
        What a table says.
    members : collection of str
        Paths of the files that may be films, by ``/``.

    Raises
    ------
    DataError
        ``films_not_found``: no file is here. ``several_films``: a name may mean several files, or
        several names the same one.
    """
    files = {member: _parts(member) for member in members}
    wanted = {name: parts for name in names if (parts := _parts(name))}
    here = {name: name for name in wanted if name in files}
    distinct = {parts for name, parts in wanted.items() if name not in here}
    endings, meant = _passing_over(distinct, files, len(here))
    named = Counter(endings.values())
    for name, parts in wanted.items():
        found = meant.get(endings.get(parts, ()), [])
        if name in here or not found:
            continue
        exact = found if len(found) == 1 else _spelt_alike(name, found)
        if len(exact) != 1 or named[endings[parts]] > 1:
            others = [x for x in wanted if endings.get(wanted[x]) == endings[parts] and x != name]
            raise _several(name, found, others if len(exact) == 1 else [])
        here[name] = exact[0]
    if wanted and not here:
        raise _none(next(iter(wanted)), len(wanted), sorted(files))
    return here


def _passing_over(
    distinct: Collection[Parts], files: Mapping[str, Parts], there: int
) -> tuple[dict[Parts, Parts], dict[Parts, list[str]]]:
    """What is left of each name without its first folders, and the files whose paths end so.

    `there` counts the names that find their file without looking.
    """
    tried = []
    for passed in range(max(map(len, distinct), default=0)):
        endings = {parts: parts[min(passed, len(parts) - 1) :] for parts in distinct}
        meant = _ending_in(set(endings.values()), files)
        named = Counter(endings.values())
        clear = sum(len(found) == 1 == named[ending] for ending, found in meant.items())
        tried.append((clear, endings, meant))
    most = max((clear for clear, *_ in tried), default=0)
    if there >= max(1, ENOUGH * most):
        return tried[0][1:] if tried else ({}, {})
    for clear, endings, meant in tried:
        if clear >= max(1, ENOUGH * most) or (most == 0 and meant):
            return endings, meant
    return {}, {}


def _ending_in(endings: Collection[Parts], files: Mapping[str, Parts]) -> dict[Parts, list[str]]:
    found = defaultdict(list)
    lengths = {len(ending) for ending in endings}
    for member, parts in files.items():
        for length in lengths:
            if len(parts) >= length and parts[-length:] in endings:
                found[parts[-length:]].append(member)
    return dict(found)


def _parts(path: str) -> Parts:
    """A path's folders and its name without the ending, as they compare: spaces, percent signs,
    capitals, separators and ways of writing an accent make no difference."""
    plain = unicodedata.normalize("NFC", unquote(path)).casefold().replace("\\", "/")
    parts = [" ".join(part.split()) for part in plain.strip(" \t\r\n'\"").split("/")]
    parts = [part for part in parts if part not in ("", ".", "..")]
    if parts:
        stem, dot, ending = parts[-1].rpartition(".")
        parts[-1] = stem if stem and dot and ending in _ENDINGS else parts[-1]
    return tuple(parts)


def _spelt_alike(name: str, found: Sequence[str]) -> list[str]:
    """Those of several files whose name is spelt as in the table, ending and all."""
    last = name.strip(" \t\r\n'\"").replace("\\", "/").rpartition("/")[2]
    for spelt in (str, str.casefold):
        if alike := [each for each in found if spelt(each.rpartition("/")[2]) == spelt(last)]:
            return alike
    return list(found)


def _several(name: str, found: Sequence[str], names: Sequence[str]) -> DataError:
    what = (
        f"{name!r} and {names[0]!r}, and the folder holds {found[0]!r} for both"
        if names
        else f"{name!r}, and the folder holds {found[0]!r} and {found[1]!r}"
    )
    return DataError(
        "several_films",
        f"Names in the table do not tell films apart: it says {what}. Write the paths below the "
        "table's folder into it, or take out of the folder what is not meant.",
    )


def _none(name: str, count: int, files: Sequence[str]) -> DataError:
    held = f"{len(files)} that may be films, such as {files[0]!r}" if files else "none"
    return DataError(
        "films_not_found",
        f"Of {count} films that the table names none is in its folder. It says, as an example, "
        f"{name!r}; of files the folder and those below it hold {held}. Put the table into the "
        "folder of its films, or name its column of file names: --columns image=….",
    )
