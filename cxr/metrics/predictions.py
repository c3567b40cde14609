"""The table behind every figure: one row a film that the model was measured on.

``predictions.csv`` is read once and checked as a whole. What a bundle doesn't say is "unknown",
never guessed; whether a film may be shown is no unless the table says yes.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from ..errors import BundleError
from ..imaging import ages
from ..manifest import case_of
from ..model.bundle import Bundle
from ..model.calibration import log_loss, softmax

FILE = "predictions.csv"
LEARNT = "learnt.csv"
"""Where a bundle may hold the films that it learnt from: for Review, never for a figure."""
UNKNOWN = "unknown"
SPLITS = ("val", "test", "external")
FLAGS = ("flags", "passport")
"""Columns that may name several things at once: what the data's makers found on a film, and what
its input passport did (:mod:`cxr.input_checks`)."""
FACTS = ("view", "age_group", "sex", *FLAGS, "recommended")
"""What may be known of a film and divides the table into subgroups; text, or "unknown"."""
_NUMBERS = ("check_outside",)
_NEEDED = ("image", "split", "source", "label")


def table(bundle: Bundle) -> pd.DataFrame:
    """Read and check a bundle's ``predictions.csv``.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    DataFrame, in the file's order, index 0 to n - 1

        - ``case`` : text, the first 12 hexadecimal digits of sha256(image). Addresses carry it in
          place of the file's name.
        - ``image`` : text, the film's path below the data folder.
        - ``split``, ``source``, ``patient`` : categories. `patient` is unique within its source,
          "" where unknown; :func:`clusters` says whose films are resampled together.
        - ``label``, ``called`` : categories in the order of the bundle's labels. `called` is the
          class with the highest score.
        - ``view``, ``age_group``, ``sex``, ``flags``, ``passport``, ``recommended`` : categories,
          "unknown" where the table doesn't say; a film without flags has "".
        - ``age`` : float, years, as :func:`cxr.imaging.ages.years` reads it; NaN where unknown.
        - ``age_unread`` : bool, whether the table says an age there that is none.
        - ``check_outside`` : float, what the passport measured of being outside; NaN where unknown.
        - ``display`` : bool, whether the film may be shown; False where unknown.
        - ``logit_<label>`` : float64; ``p_<label>`` : float64, calibrated, 0 to 1.
        - ``margin`` : float64, from the highest to the second highest probability.
        - ``loss`` : float64, -log of the calibrated probability of the label, natural.

    Raises
    ------
    BundleError
        ``no_predictions`` if no film of val, test or external was scored, ``bad_predictions`` if
        the table lacks columns, lists a film twice, has a label that the model doesn't, or a logit
        that is no number.
    """
    raw = _read(bundle.folder / FILE, bundle.labels)
    if not raw.split.isin(SPLITS).any():
        raise BundleError(
            "no_predictions",
            "The bundle holds no predictions, so no figure can be given. Evaluate it with: "
            "python -m train export --recipe NAME --data DIR --out models/NAME",
        )
    return _checked(raw, bundle)


def learnt(bundle: Bundle) -> pd.DataFrame | None:
    """The films that a bundle's network learnt from, as :func:`table` gives the others; None where
    the bundle doesn't bring them.

    Raises
    ------
    BundleError
        ``bad_predictions``
    """
    path = bundle.folder / LEARNT
    return _checked(_read(path, bundle.labels), bundle) if path.is_file() else None


def _checked(raw: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    if missing := [f"logit_{x}" for x in bundle.labels if f"logit_{x}" not in raw]:
        raise _bad(f"it lacks the columns {', '.join(missing)}")
    if raw.image.duplicated().any():
        raise _bad("it lists a film more than once")
    if strange := sorted(set(raw.label.cat.categories) - set(bundle.labels)):
        raise _bad(f"it has labels that the model doesn't: {', '.join(map(repr, strange[:5]))}")
    return of_rows(raw, bundle)


def of_rows(raw: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """What :func:`table` gives, of rows that were read or scored already.

    Parameters
    ----------
    raw : DataFrame
        Columns as in ``predictions.csv``: `image` as text, numbers as float64, all others as
        categories, "" where there is nothing. No film twice, no label that the bundle lacks.
    bundle : Bundle
    """
    rows = _described(raw, bundle.labels)
    return pd.concat([rows, _scored(raw, rows, bundle)], axis=1)


def _bad(why: str) -> BundleError:
    return BundleError(
        "bad_predictions",
        f"The bundle's {FILE} cannot be used: {why}. Take a fresh copy or export it again.",
    )


def _read(path: Path, labels: tuple[str, ...]) -> pd.DataFrame:
    """The columns that are known, text as categories; "" where there is nothing."""
    text = pa.dictionary(pa.int32(), pa.string())
    kinds = dict.fromkeys((*_NEEDED, "patient", "display", "age", *FACTS), text)
    kinds |= {"image": pa.string()}
    kinds |= dict.fromkeys((*_NUMBERS, *(f"logit_{label}" for label in labels)), pa.float64())
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file), [])
        if missing := [name for name in _NEEDED if name not in header]:
            raise _bad(f"it lacks the columns {', '.join(missing)}")
        options = arrow_csv.ConvertOptions(
            include_columns=[name for name in header if name in kinds],
            column_types=kinds,
            null_values=[""],
            strings_can_be_null=False,
        )
        out: pd.DataFrame = arrow_csv.read_csv(path, convert_options=options).to_pandas()
        return out
    except (ValueError, OSError) as error:
        raise _bad("it is no table, or has text where a number belongs") from error


def _described(raw: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    empty = pd.Categorical.from_codes(np.zeros(len(raw), np.int8), pd.Index([""]))

    def column(name: str) -> pd.Series:
        return raw[name] if name in raw else pd.Series(empty)

    return pd.DataFrame(
        {
            "case": [case_of(image) for image in raw.image.tolist()],
            "image": raw.image,
            "patient": column("patient"),
            "label": raw.label.cat.set_categories(list(labels)),
            **{name: _known(column(name)) for name in ("split", "source", *FACTS)},
            # A film without a flag has none; only a table without flags doesn't know.
            **{name: column(name) if name in raw else _known(column(name)) for name in FLAGS},
            **_ages(column("age")),
            **{name: raw.get(name, np.nan) for name in _NUMBERS},
            "display": column("display") == "1",
        }
    )


def _ages(said: pd.Series) -> dict[str, NDArray[np.generic]]:
    """Bundles written before ages were read hold them as their source did. None keeps a table from
    being used: what cannot be read is unknown."""
    read = []
    for text in said.cat.categories:
        try:
            read.append((ages.years(text), False))
        except ValueError:
            read.append((np.nan, True))
    codes = said.cat.codes.to_numpy()
    years, unread = (np.array(each) for each in zip(*read, strict=True))
    return {"age": years[codes].astype(np.float64), "age_unread": unread[codes].astype(bool)}


def _known(values: pd.Series) -> pd.Series:
    """The same with "unknown" for "", both where both are there."""
    names = {name: name or UNKNOWN for name in values.cat.categories}
    renamed = list(dict.fromkeys(names.values()))
    places = np.array([renamed.index(name) for name in names.values()], np.int64)
    codes = places[values.cat.codes.to_numpy()]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(renamed)), index=values.index)


def _scored(raw: pd.DataFrame, rows: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    names = [f"logit_{label}" for label in bundle.labels]
    logits = raw[names].to_numpy(np.float64)
    if not np.isfinite(logits).all():
        raise _bad("a logit is missing or not a finite number")
    p = softmax(logits, bundle.temperature)
    ranked = np.sort(p, 1)
    truth = rows.label.cat.codes.to_numpy()
    return pd.DataFrame(
        {
            **{name: logits[:, k] for k, name in enumerate(names)},
            **{f"p_{label}": p[:, k] for k, label in enumerate(bundle.labels)},
            "called": pd.Categorical.from_codes(logits.argmax(1), pd.Index(bundle.labels)),
            "margin": ranked[:, -1] - ranked[:, -2],
            "loss": log_loss(logits, truth, bundle.temperature),
        }
    )


def clusters(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Whose films are drawn together in a bootstrap: one number a patient of a source, and one of
    its own for each film whose patient is not known. Int (n,), 0 to the number of clusters - 1.

    Parameters
    ----------
    rows : DataFrame
        With ``patient`` and ``source``, as text or categories; "": not known.
    """
    patients, sources = (rows[x].astype("category").cat for x in ("patient", "source"))
    person = sources.codes.to_numpy(np.int64) * len(patients.categories)
    person += patients.codes.to_numpy()
    alone = (rows.patient == "").to_numpy()
    person[alone] = -1 - np.arange(alone.sum())
    return np.unique(person, return_inverse=True)[1]


def patients_known(rows: pd.DataFrame) -> bool:
    """Whether any film's patient is: else a count of them counts films."""
    return bool((rows.patient != "").any())


def select(rows: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows whose category is the one wanted, as in ``select(rows, split="test", label="T")``;
    "" wants any. The index is kept."""
    keep = np.ones(len(rows), bool)
    for name, value in wanted.items():
        if value:
            keep &= (rows[name] == value).to_numpy()
    return rows[keep]


def flag_names(rows: pd.DataFrame, column: str = "flags") -> dict[str, NDArray[np.bool_]]:
    """Flag of one of :data:`FLAGS` → which rows carry it, bool (n,), by name. Several flags of a
    film are separated by spaces, commas or semicolons."""
    flags = rows[column].cat
    sets = [set(re.split(r"[\s,;]+", text)) - {"", UNKNOWN} for text in flags.categories]
    codes = flags.codes.to_numpy()
    return {
        name: np.array([name in each for each in sets])[codes]
        for name in sorted(set().union(*sets))
    }
