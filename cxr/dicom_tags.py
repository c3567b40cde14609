"""What a DICOM file's tags say: safe access to values, and whether it is a frontal chest film.

The words that count as chest and frontal are few on purpose: a stated value that is not among
them refuses (body part, modality) or is noted (view), a missing one is noted.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from cxr.errors import NotARadiograph
from cxr.guard import damaged, decoding

_FILMS = {"CR", "DX"}
_PERHAPS_FILMS = {"RG", "OT", "FD", "XR"}  # scanned, or written by software that knew no better
_CHEST = ("CHEST", "THORA", "TORAX", "TORAC", "LUNG", "PULMO")
_FRONTAL = {"PA", "AP", "FRONTAL", "POSTEROANTERIOR", "ANTEROPOSTERIOR", "POSTERO", "ANTERO"}
_NOT_FRONTAL = {"LL", "RL", "LAT", "LATERAL", "LATERO", "LLAT", "RLAT", "LLD", "RLD", "PROFILE"}
_NOT_FRONTAL |= {"LLO", "RLO", "LAO", "RAO", "LPO", "RPO", "OBLIQUE", "OBL", "DECUBITUS"}

_A_YEAR = {"Y": 1, "M": 12, "W": 52.18, "D": 365.25}

# The longest honest value is a table of 65,536 entries, two bytes each.
_MAX_VALUE = 1 << 20


def value(ds: Dataset, keyword: str) -> Any:
    """A tag's value or None; pydicom parses it only now, so bad bytes refuse here."""
    with decoding():
        raw = ds.get_item(keyword) if keyword in ds else None
        if isinstance(raw, RawDataElement) and len(raw.value or b"") > _MAX_VALUE:
            raise damaged()
        return ds.get(keyword)


def numbers(ds: Dataset, keyword: str) -> list[float]:
    """A tag's values that are finite numbers; [] where it is missing or holds something else."""
    found = value(ds, keyword)
    try:
        many = [float(v) for v in (found if isinstance(found, MultiValue | list) else [found])]
    except (TypeError, ValueError, OverflowError):
        return []
    return many if all(map(math.isfinite, many)) else []


def number(ds: Dataset, keyword: str, default: int = 0) -> int:
    """A tag's first whole number, or `default`."""
    found = numbers(ds, keyword)
    return int(found[0]) if found else default


def text(ds: Dataset, keyword: str) -> str:
    """A tag's text, several values joined by a backslash, capitals without accents; or ""."""
    found = value(ds, keyword)
    many = found if isinstance(found, MultiValue | list) else [found]
    joined = "\\".join("" if v is None else str(v).strip() for v in many)
    plain = unicodedata.normalize("NFKD", joined).encode("ascii", "ignore").decode()
    return plain.strip().upper()


def item(ds: Dataset, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    found = value(ds, keyword)
    return found[0] if isinstance(found, Sequence) and len(found) else None


def check_modality(ds: Dataset, notes: list[str]) -> None:
    """Refuse what is stated to be no radiograph; `notes` grows."""
    modality = text(ds, "Modality")
    if modality in _FILMS:
        return
    if modality and modality not in _PERHAPS_FILMS:
        raise NotARadiograph(
            "not_radiography",
            f"The file's tags say that it is no X-ray film (modality {_quoted(modality)}). "
            "Use a chest radiograph (CR or DX).",
        )
    notes.append(
        f"Modality is {modality}; taken for a radiograph."
        if modality
        else "The file does not state a modality; taken for a radiograph."
    )


def check_body_part(ds: Dataset, notes: list[str]) -> None:
    """Refuse what is stated to be another part of the body; `notes` grows."""
    part = text(ds, "BodyPartExamined") or _code(ds, "AnatomicRegionSequence")
    if not part:
        notes.append("The file does not state a body part; taken for a chest.")
    elif not any(word in part for word in _CHEST):
        raise NotARadiograph(
            "not_chest",
            f"The file's tags say that it shows no chest (body part {_quoted(part)}). "
            "Use a chest radiograph.",
        )


def check_view(ds: Dataset, notes: list[str]) -> str | None:
    """Refuse what is stated to be no frontal view; `notes` grows.

    A series description counts only where no tag states the view, and only to refuse.

    Returns
    -------
    "PA", "AP" or None.
    """
    stated = text(ds, "ViewPosition") or _code(ds, "ViewCodeSequence")
    words = set(re.findall("[A-Z]+", stated or text(ds, "SeriesDescription")))
    if words & _NOT_FRONTAL and not words & _FRONTAL:
        raise NotARadiograph(
            "not_frontal",
            "The file's tags say that this is a lateral, oblique or decubitus view. "
            "Use the frontal film (PA or AP).",
        )
    if stated and words & {"PA", "POSTEROANTERIOR", "POSTERO"}:
        return "PA"
    if stated and words & {"AP", "ANTEROPOSTERIOR", "ANTERO"}:
        return "AP"
    notes.append("The file does not state PA or AP; taken for a frontal view.")
    return None


def spacing_mm(ds: Dataset, notes: list[str]) -> tuple[float, float] | None:
    """Height and width of a pixel: calibrated to the patient, else as it was at the detector."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        found = numbers(ds, keyword)
        if len(found) == 2 and min(found) > 0:
            if keyword == "ImagerPixelSpacing":
                notes.append("Pixel size is that of the detector; the patient's is smaller.")
            return found[0], found[1]
    return None


def orientation(ds: Dataset, notes: list[str]) -> tuple[str, str] | None:
    """Where rows and columns run to; a film stored mirrored or upside down is noted."""
    runs = text(ds, "PatientOrientation").split("\\")
    if len(runs) != 2 or not all(runs):
        return None
    rows, columns = (re.sub("[^A-Z]", "", run)[:3] for run in runs)
    if rows.startswith("R"):
        notes.append("The tags say that the film is mirrored: the patient's left is on its left.")
    if columns.startswith("H"):
        notes.append("The tags say that the film is upside down.")
    return rows, columns


def age_years(ds: Dataset) -> float | None:
    """The patient's age, which is written as in "034Y", "018M", "003W" or "010D"."""
    stated = re.fullmatch(r"(\d{1,3})([YMWD])", text(ds, "PatientAge"))
    return int(stated[1]) / _A_YEAR[stated[2]] if stated else None


def other_notes(ds: Dataset, notes: list[str]) -> None:
    """What the reader should know and nothing refuses for."""
    if text(ds, "PresentationIntentType") == "FOR PROCESSING":
        notes.append("Raw detector data (for processing): contrast is not that of a finished film.")
    if text(ds, "BurnedInAnnotation") == "YES":
        notes.append("The tags say that text is burnt into the film; it may be a name.")
    aspect = numbers(ds, "PixelAspectRatio")
    if len(aspect) == 2 and aspect[0] != aspect[1] and min(aspect) > 0:
        notes.append("The film's pixels are not square; it is shown stretched.")


def _code(ds: Dataset, keyword: str) -> str:
    """The meaning of a coded tag's first item, as text."""
    first = item(ds, keyword)
    return text(first, "CodeMeaning") if first is not None else ""


def _quoted(stated: str) -> str:
    """A tag's code as it may stand in a sentence: short, and nothing but plain letters."""
    return re.sub("[^A-Z0-9 _-]", "?", stated)[:16]
