"""A table beside its films: each film's file and what the rows say of it.

Rows that say that they show no frontal radiograph are left out, several rows of a film become one,
and ages become years, all before any film is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.errors import DataError
from cxr.imaging import ages

from ..data.manifest import FACTS, is_age, no_ages, there
from . import readers
from .film_search import find
from .views import left_out

COLUMNS = ("image", "label", "patient_id", *FACTS)
"""What a table may say, by the manifest's names."""
SETTLED = "several_labels"
"""Why a film is left out whose rows contradict each other and which no rule settled."""

_READERS = ("reader", "readerid", "rad", "radid", "radiologist", "annotator", "rater", "doctor")
_YES_NO = {
    **dict.fromkeys(("1", "1.0", "yes", "y", "true"), "1"),
    **dict.fromkeys(("0", "0.0", "no", "n", "false"), "0"),
}

_NO_TABLE: Mapping[type[Exception], str] = {
    UnicodeDecodeError: "is not UTF-8 text. Save it as CSV in UTF-8.",
    pd.errors.EmptyDataError: "is empty. Its first row names the columns, each further row a film.",
    pd.errors.ParserError: "has rows that do not fit its header, or a quotation mark that is never "
    "closed. Save it again as CSV, with quotation marks around what holds a comma.",
}


@dataclass(frozen=True)
class TableFilm:
    """A film of a table.

    Attributes
    ----------
    member : str
        Its path below the table's folder; as the table has it where no file is there.
    path : str
        As the table has it, by ``/``.
    facts : mapping
        By :data:`COLUMNS`; ``label`` is "" if it is none asked for.
    refused : str
        Why it is no film: a code, or "".
    """

    member: str
    path: str
    facts: Mapping[str, str]
    refused: str


def rows_of(
    path: Path,
    members: Collection[str],
    columns: Mapping[str, str],
    labels: Mapping[str, str],
    several: str,
) -> list[TableFilm]:
    """The films of a table, each once, in the table's order.

    Parameters
    ----------
    path : Path
    members : collection of str
        The files in and below its folder that may be films, as paths by ``/``.
    columns, labels, several
        See :class:`train.prepare.sources.Naming`.

    Raises
    ------
    DataError
        ``bad_table``: it lacks columns or gives ages that are none. ``several_labels``: rows of a
        film contradict each other, and no rule is named. ``bad_plan``: the rule is about a label
        that no row has. Those of :func:`train.prepare.film_search.find`.
    """
    frame = _table(path)
    names = {column: columns.get(column, column) for column in COLUMNS}
    needed = {names["image"], names["label"], *columns.values()}
    if missing := sorted(needed - set(frame)):
        raise DataError(
            "bad_table",
            f"The table lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns)}. "
            "Say what they are called: --columns image=…,label=…,patient_id=….",
        )
    facts = pd.DataFrame({each: frame[name] for each, name in names.items() if name in frame})
    called = facts.label.str.strip()
    facts["label"] = called.map(lambda said: labels.get(said, "")) if labels else called
    if "display" in facts:
        facts["display"] = facts.display.str.strip().str.lower().map(_YES_NO).fillna("")
    held = set(members)
    beside = {name for name in facts.image if name not in held and there(path.parent / name)}
    found = find(facts.image[~facts.image.isin(beside)], held)
    codes = left_out(frame, names["view"], (names["image"], names["label"]))
    used = (facts.label != "") & (np.array(codes) == "")
    if "age" in facts:
        facts["age"] = _years(facts.age, used)
    films: dict[str, list[int]] = {}
    for place, name in enumerate(facts.image):
        films.setdefault(found.get(name, name), []).append(place)
    whole = {film: places for film, places in films.items() if not any(codes[x] for x in places)}
    label = _one_label(whole, _said(frame, facts.label, names), several)
    records = [
        {str(name): str(value) for name, value in x.items()} for x in facts.to_dict("records")
    ]
    rows = []
    for film, places in films.items():
        agreed = _agreed([records[place] for place in places])
        settled = label.get(film, agreed["label"])
        code = next((codes[place] for place in places if codes[place]), "")
        shown = agreed.pop("image").replace("\\", "/")
        agreed["label"] = settled or ""
        rows.append(TableFilm(film, shown, agreed, code or SETTLED * (settled is None)))
    return rows


def _table(path: Path) -> pd.DataFrame:
    """A table as text; "" where there is nothing. Whoever wrote it had other rules than ours, so
    what pandas can make sense of is taken."""
    try:
        frame = pd.read_csv(path, sep=_separator(path), dtype=str, keep_default_na=False)
        if not isinstance(frame.index, pd.RangeIndex):
            raise pd.errors.ParserError  # every row is longer: the first fields became an index
    except tuple(_NO_TABLE) as error:
        raise DataError("bad_table", f"The table {_NO_TABLE[type(error)]}") from error
    return frame


def _separator(path: Path) -> str:
    """What divides the columns: spreadsheets write semicolons where the comma is decimal."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline()
    return max(",;\t", key=head.count)


def _years(said: pd.Series, used: pd.Series) -> pd.Series:
    """Ages in years; of rows that become no film, what is no age is left out."""
    known = is_age(said)
    odd = np.flatnonzero(used & ~known)
    if len(odd):
        where = [(f"line {place + 2}", said.iloc[place]) for place in odd]  # the header is line 1
        raise DataError("bad_table", f"In the table {no_ages(where, int(used.sum()))}.")
    return said.where(known, "").map(ages.written)


def _said(
    frame: pd.DataFrame, label: pd.Series, names: Mapping[str, str]
) -> Sequence[readers.Said]:
    plain = {re.sub("[^a-z]", "", str(column).lower()): column for column in frame}
    who = next((plain[name] for name in _READERS if name in plain), None)
    reader = frame[who] if who else pd.Series("", frame.index)
    called = frame[names["label"]]
    return [readers.Said(*each) for each in zip(label, called, reader, strict=True)]


def _one_label(
    films: Mapping[str, Sequence[int]], said: Sequence[readers.Said], several: str
) -> dict[str, str | None]:
    """The label of each film that has several rows, None where no rule settles it."""
    known = {each.label for each in said}
    wanted = several.removeprefix("any:").split(",") if several.startswith("any:") else []
    if strange := [label for label in wanted if label not in known]:
        raise DataError(
            "bad_plan",
            f"No row is labelled {', '.join(strange)}, which --several names. It takes the labels "
            "that films get, not what the table calls them.",
        )
    found: dict[str, str | None] = {}
    against = []
    for film, places in films.items():
        if len(places) == 1:
            continue
        opinions = readers.opinions([said[place] for place in places])
        found[film] = readers.settled(opinions, several)
        if len(set(opinions)) > 1:
            against.append((film, [said[place].called for place in places]))
    if against and not several:
        few = "; ".join(f"{film}: {', '.join(called[:6])}" for film, called in against[:3])
        more = "; …" * (len(against) > 3)
        raise DataError(
            SETTLED,
            f"Rows of the table contradict each other on {len(against)} of {len(films)} films "
            f"({few}{more}). Say how that ends, by --several: majority (what more than half of a "
            "film's readers say; without that it is left out), any:LABEL (that label if one says "
            "so) or drop (such films are left out).",
        )
    return found


def _agreed(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What the rows say of a film, its label aside; "" where they differ. The patient is the first
    that is named, and one row is enough for a film not to be shown."""
    facts = dict(rows[0])
    for column in facts.keys() - {"image", "label"} if len(rows) > 1 else ():
        said = [value for value in dict.fromkeys(row[column] for row in rows) if value]
        if column == "display" and "0" in said:
            said = ["0"]
        same = len(said) == 1 or (said and column == "patient_id")
        facts[column] = said[0] if same else ""
    return facts
