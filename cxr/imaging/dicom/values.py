"""What a DICOM file's tags hold: numbers and text as they were meant, or that they tell nothing.

Numbers are written as text, by programs in every country, and so with decimal commas. Text comes
in other alphabets than the file states, or states none. What cannot be read is told apart from what
is not there: a caller must say so to the reader.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from ..decode_limits import damaged, decoding

# The longest honest value is a table of 65,536 entries, two bytes each.
_MAX_VALUE = 1 << 20
_MAX_TEXT = 1024  # bytes; the longest honest text that is read here has 64
_AROUND = " \t\r\n\0"

_WRITTEN = {"DS", "IS"}
_BINARY = set("AT FD FL OB OD OF OL OV OW SL SQ SS SV UL US UV".split())  # noqa: SIM905
_EXPONENT = r"(?:[eE][+-]?\d{1,4})?"
_POINT = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}")
_COMMA = re.compile(rf"[+-]?\d*,\d+{_EXPONENT}")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # or a fraction: nobody can tell

_OTHER_LETTERS = str.maketrans("ŁĐØŦ", "LDOT") | {ord("Æ"): "AE", ord("Œ"): "OE"}
_SEVERAL_BYTES = {"shift_jis", "euc_kr", "gb18030", "gbk", "gb2312"}
_LOST_ESCAPES = re.compile(rb"(?<!\x1b)[? ]?(\$[@B](?:[!-~]{2})+?)[? ]?(\([BJ])")
_KANJI = re.compile(rb"\x1b\$[@B]((?:[!-~]{2})*)")
_ESCAPE = re.compile(rb"\x1b[ -/]*[0-~]?")
_BEHIND_ESCAPES = {b"\x1b$)C": "euc_kr", b"\x1b$)A": "gb2312"}


def value(ds: Dataset, keyword: str) -> Any:
    """A tag's value or None; pydicom parses it only now, so bad bytes refuse here."""
    with decoding():
        _raw(ds, keyword)
        return ds.get(keyword)


def item(ds: Dataset, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    found = value(ds, keyword)
    return found[0] if isinstance(found, Sequence) and len(found) else None


def numbers(ds: Dataset, keyword: str) -> list[float] | None:
    """A tag's values; [] where it is missing or blank, None where it holds no finite numbers."""
    with decoding():
        raw = _raw(ds, keyword)
        kind = raw.VR if raw and raw.VR not in (None, "UN") else dictionary_VR(keyword)
        if raw and dictionary_VR(keyword) in _WRITTEN and kind not in _BINARY:
            return _written(bytes(raw.value or b"").decode("latin-1"))
        found = ds.get(keyword)
    if found is None or found == "":
        return []
    try:
        many = [float(v) for v in (found if isinstance(found, MultiValue | list) else [found])]
    except (TypeError, ValueError, OverflowError):
        return None
    return many if all(map(math.isfinite, many)) else None


def number(ds: Dataset, keyword: str, default: int = 0) -> int:
    """A tag's first whole number, or `default`."""
    found = numbers(ds, keyword)
    return int(found[0]) if found else default


def text(ds: Dataset, keyword: str, within: Dataset | None = None) -> str:
    """A tag's text in capitals without accents, several values joined by a backslash; or "".

    What cannot be decoded is left out of it: see `stated`.

    Parameters
    ----------
    within : Dataset, optional
        The data set that `ds` is an item of, which states the alphabet.
    """
    with decoding():
        raw = _raw(ds, keyword)
        if raw:
            found = _decoded(bytes(raw.value or b"")[:_MAX_TEXT], _codecs(within or ds))
        else:
            held = ds.get(keyword)
            many = held if isinstance(held, MultiValue | list) else [held]
            found = "\\".join("" if v is None else str(v) for v in many)
    return "\\".join(each.strip(_AROUND) for each in plain(found).split("\\")).strip(_AROUND)


def stated(ds: Dataset, keyword: str) -> bool:
    """Whether the tag holds anything but blanks, readable or not."""
    with decoding():
        raw = _raw(ds, keyword)
        return bool(bytes(raw.value or b"").strip(b" \t\r\n\0\\") if raw else text(ds, keyword))


def plain(said: str) -> str:
    """Text in capitals, without accents and without what is not seen."""
    apart = unicodedata.normalize("NFKD", said)
    shown = "".join(c for c in apart if unicodedata.category(c)[0] not in "MC" or c in "\t\r\n")
    return shown.upper().translate(_OTHER_LETTERS)


def _raw(ds: Dataset, keyword: str) -> RawDataElement | None:
    """The tag's bytes, unless it is missing or was parsed before."""
    raw = ds.get_item(keyword) if keyword in ds else None
    if not isinstance(raw, RawDataElement):
        return None
    if len(raw.value or b"") > _MAX_VALUE:
        raise damaged()
    return raw


def _written(said: str) -> list[float] | None:
    """Numbers written as text: with points or commas, in brackets or without."""
    parts = [part for piece in said.split("\\") for part in _parts(piece)]
    while parts and not parts[-1]:
        parts.pop()
    many = [_number(part) for part in parts]
    return None if None in many else [one for one in many if one is not None]


def _parts(piece: str) -> list[str]:
    """What a list that was written as one value holds: "[400, 40]", "0.14,0.14"."""
    bare = piece.strip(_AROUND + "[](){}'\"")
    several = re.split(r"\s*;\s*|,\s+", bare)
    if len(several) == 1 and bare.count(",") == 1 and all("." in p for p in bare.split(",")):
        several = bare.split(",")
    return [part.strip(_AROUND + "'\"") for part in several]


def _number(part: str) -> float | None:
    if _COMMA.fullmatch(part) and not _THOUSANDS.fullmatch(part):
        part = part.replace(",", ".")
    elif not _POINT.fullmatch(part):
        return None
    found = float(part)
    return found if math.isfinite(found) else None


def _codecs(ds: Dataset) -> list[str]:
    """Python's names of the alphabets that the file states."""
    raw = _raw(ds, "SpecificCharacterSet")
    if raw:
        terms = bytes(raw.value or b"").decode("latin-1").split("\\")
    else:
        held = ds.get("SpecificCharacterSet")
        terms = list(held) if isinstance(held, MultiValue | list) else [held or ""]
    named = (str(term).strip(_AROUND).upper().replace("ISO-IR", "ISO_IR") for term in terms)
    return [str(python_encoding[term]).lower() for term in named if term in python_encoding]


def _decoded(said: bytes, codecs: list[str]) -> str:
    """Text in the alphabet that it turns out to be in; what is in none is left out."""
    said = _LOST_ESCAPES.sub(lambda kanji: b"\x1b%b\x1b%b" % kanji.groups(), said)
    if b"\x1b" in said:
        return _escaped(said)
    if said.isascii():
        return said.decode("ascii")
    tried = [c for c in codecs if c in _SEVERAL_BYTES]
    tried += ["utf-8", *(c for c in codecs if c not in _SEVERAL_BYTES), "latin-1"]
    for codec in tried:
        try:
            found = said.decode(codec)
        except UnicodeError:
            continue
        if not any("\x7f" <= c <= "\x9f" for c in found):
            return found if codec in _SEVERAL_BYTES | {"utf-8"} else _likely(found)
    return "".join(word for word in re.split(r"(\s+)", said.decode("latin-1")) if word.isascii())


def _likely(found: str) -> str:
    """Western words have more letters without accents than with; others are another alphabet's
    bytes, and would be read as nonsense."""
    words = re.split(r"([\s\\]+)", found)
    return "".join(w for w in words if 2 * sum("\x7f" < c < "\u0250" for c in w) <= len(w))


def _escaped(said: bytes) -> str:
    """Text that switches between alphabets (ISO 2022), which the file may or may not state, and
    may cut short."""
    for escape, codec in _BEHIND_ESCAPES.items():
        if escape in said:
            return said.replace(escape, b"").decode(codec, "ignore")
    kanji = _KANJI.sub(lambda run: bytes(0x80 | byte for byte in run[1]), said)
    return _ESCAPE.sub(b"", kanji).decode("euc_jp", "ignore")
