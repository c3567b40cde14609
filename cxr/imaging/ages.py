"""A patient's age as tables write it, in years."""

from __future__ import annotations

import math
import re

OLDEST = 130
"""Years; more is no age, but a year of birth, a code for "missing" or a slip."""

_UNKNOWN = {"", "-", "--", "?", ".", "x", "n/a", "na", "nan", "nd", "none", "null", "unk"}
_UNKNOWN |= {"unknown", "unspecified", "missing", "not known", "not stated", "not available"}
_UNKNOWN |= {"not specified", "not reported", "not recorded"}
_A_YEAR = {"y": 1.0, "m": 12.0, "w": 365.25 / 7, "d": 365.25}
_UNITS = {
    **dict.fromkeys(("", "y", "yr", "yrs", "yo", "year", "years"), "y"),
    **dict.fromkeys(("m", "mo", "mos", "mth", "mths", "month", "months"), "m"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_NUMBER = r"\d+(?:[.,]\d*)?|[.,]\d+"
_PART = re.compile(rf"({_NUMBER})(?:[\s-]*([a-z]+))?")
_OPEN = re.compile(
    r"(?:(?:>=|=>|≥|>|over|above)\s*)?(.*?)\s*(?:\+|plus|(?:and|or|&)\s+(?:older|over|above|more|up))?"
)


def years(text: str) -> float:
    """Read an age.

    Parameters
    ----------
    text : str
        A number of years (``58``, ``58.0``, ``58,5``); DICOM's age string (``058Y``, ``006M``,
        ``003W``, ``010D``); words (``6 months``, ``2 years 3 months``, ``58 y/o``); or an age that
        is cut off above (``90+``, ``>89``, ``90 or older``), which counts as the one that is
        written. ``<1`` is 0.

    Returns
    -------
    float
        Years; NaN where the text says that the age is not known.

    Raises
    ------
    ValueError
        The text is no age: negative, above :data:`OLDEST`, a span, or something else.
    """
    said = " ".join(text.lower().replace("y/o", "yo").replace("y.o.", "yo").split())
    said = said.removeprefix("age ").removesuffix(" old").removesuffix("-old").strip()
    if said in _UNKNOWN:
        return math.nan
    if re.fullmatch(r"< ?0*1 ?(y|yr|year)?", said):
        return 0.0
    open_ended = _OPEN.fullmatch(said)
    said = open_ended[1] if open_ended else said
    parts = _PART.findall(said)
    units = [_UNITS.get(unit) for _, unit in parts]
    rest = _PART.sub("", said).replace("and", "").strip(" ,")
    bare = len(parts) > 1 and not all(unit for _, unit in parts)
    if not parts or rest or bare or None in units or len(set(units)) < len(units):
        raise ValueError(text)
    found = sum(
        float(number.replace(",", ".")) / _A_YEAR[str(unit)]
        for (number, _), unit in zip(parts, units, strict=True)
    )
    if found > OLDEST:
        raise ValueError(text)
    return found


def written(text: str) -> str:
    """An age as this project's tables hold it: years with two decimals at most, "" where unknown.

    Raises
    ------
    ValueError
        See :func:`years`.
    """
    found = years(text)
    return "" if math.isnan(found) else f"{found:.2f}".rstrip("0").rstrip(".")
