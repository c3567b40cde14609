"""What a DICOM file's tags say: whether it is a frontal chest film, and of whom and how large.

A known word for another part, view or modality refuses. What is missing, unknown or written so
that it cannot be read says nothing: it is noted, and the film is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from ...errors import NotARadiograph
from . import vocabulary
from .values import numbers, plain, stated, text, value

_FILMS = {"CR", "DX"}
_VAGUE = {"DR", "RG", "RX", "OT", "FD", "XR", "HC", "SC"}  # scanned, or by software's own term
_OTHER_MODALITY = frozenset(vocabulary.OTHER_MODALITY.split(", "))
_MOST_WORDS, _MOST_CODES, _MOST_QUOTED = 60, 8, 16
_SQUARE = 0.01  # the sides' difference that is taken for rounding

_A_YEAR = {"Y": 1, "M": 12, "W": 52.18, "D": 365.25}


@dataclass(frozen=True)
class _WordList:
    """A table of `vocabulary`, to be asked."""

    whole: frozenset[str]
    begin: tuple[str, ...]
    hold: tuple[str, ...]
    phrases: tuple[str, ...]

    def among(self, words: list[str]) -> bool:
        """Whether one of them stands among `words`."""
        together = f" {' '.join(words)} "
        return any(phrase in together for phrase in self.phrases) or any(
            word in self.whole or word.startswith(self.begin) or any(p in word for p in self.hold)
            for word in words
        )


def _table(name: str) -> _WordList:
    languages: Mapping[str, str] = getattr(vocabulary, name)
    listed = [word.strip() for row in languages.values() for word in plain(row).split(",")]
    single = [word for word in listed if " " not in word]
    return _WordList(
        whole=frozenset(word for word in single if "*" not in word),
        begin=tuple(word[:-1] for word in single if word[0] != "*" and word[-1] == "*"),
        hold=tuple(word.strip("*") for word in single if word[0] == "*"),
        phrases=tuple(f" {word} ".replace("* ", "") for word in listed if " " in word),
    )


@cache
def _tables() -> dict[str, _WordList]:
    names = ("CHEST", "OF_THE_CHEST", "OTHER_PART", "PA", "AP", "FRONTAL", "NOT_FRONTAL")
    return {name: _table(name) for name in names}


@dataclass(frozen=True)
class _TagText:
    """What a tag or its coded twin says: words, and codes that need no language."""

    words: list[str]
    codes: frozenset[str] = frozenset()

    def means(self, name: str, codes: str = "") -> bool:
        """Whether it names anything of a table of `vocabulary`."""
        return bool(self.codes & set(codes.split())) or _tables()[name].among(self.words)


def check_modality(ds: Dataset, notes: list[str]) -> None:
    """Refuse what is stated to be no radiograph; `notes` grows."""
    terms = set(re.findall("[A-Z0-9]+", text(ds, "Modality")))
    if terms & _FILMS:
        return
    if other := terms & _OTHER_MODALITY:
        raise NotARadiograph(
            "not_radiography",
            f"The file's tags say that it is no X-ray film (modality {min(other)}). "
            "Use a chest radiograph (CR or DX).",
        )
    if vague := terms & _VAGUE:
        notes.append(f"Modality is {min(vague)}; taken for a radiograph.")
    elif stated(ds, "Modality"):
        notes.append("The file's modality is not understood; taken for a radiograph.")
    else:
        notes.append("The file does not state a modality; taken for a radiograph.")


def check_body_part(ds: Dataset, notes: list[str]) -> None:
    """Refuse what is stated to be another part of the body; `notes` grows."""
    for said in (_said(text(ds, "BodyPartExamined")), _coded(ds, "AnatomicRegionSequence")):
        if said.means("CHEST", vocabulary.CHEST_CODES):
            return
        if said.means("OTHER_PART", vocabulary.OTHER_CODES):
            part = " ".join(word for word in said.words if word.isascii())[:_MOST_QUOTED]
            raise NotARadiograph(
                "not_chest",
                "The file's tags say that it shows no chest"
                f"{f' (body part {part})' if part else ''}. Use a chest radiograph.",
            )
        if said.means("OF_THE_CHEST"):
            return
    if stated(ds, "BodyPartExamined") or value(ds, "AnatomicRegionSequence"):
        notes.append("The file's body part is not understood; taken for a chest.")
    else:
        notes.append("The file does not state a body part; taken for a chest.")


def check_view(ds: Dataset, notes: list[str]) -> str | None:
    """Refuse what is stated to be no frontal view; `notes` grows.

    A series description counts only where no tag states a known view, and only to refuse.

    Returns
    -------
    "PA", "AP" or None.
    """
    stated_views = (_said(text(ds, "ViewPosition")), _coded(ds, "ViewCodeSequence"))
    tagged = next(filter(None, map(_view, stated_views)), "")
    if (tagged or _view(_said(text(ds, "SeriesDescription")))) == "other":
        raise NotARadiograph(
            "not_frontal",
            "The file's tags say that this is a lateral, oblique or decubitus view. "
            "Use the frontal film (PA or AP).",
        )
    if tagged in ("PA", "AP"):
        return tagged
    if not tagged and (stated(ds, "ViewPosition") or value(ds, "ViewCodeSequence")):
        notes.append("The file's view is not understood; taken for a frontal view.")
    else:
        notes.append("The file does not state PA or AP; taken for a frontal view.")
    return None


def spacing_mm(ds: Dataset, notes: list[str]) -> tuple[float, float] | None:
    """Height and width of a pixel: calibrated to the patient, else as it was at the detector."""
    for keyword, name in (
        ("PixelSpacing", "pixel spacing"),
        ("ImagerPixelSpacing", "pixel spacing at the detector"),
    ):
        found = numbers(ds, keyword)
        if found and len(found) == 2 and min(found) > 0:
            if keyword == "ImagerPixelSpacing":
                notes.append("Pixel size is that of the detector; the patient's is smaller.")
            return found[0], found[1]
        if found is None or any(found):  # zeros are how some write "unknown"
            notes.append(f"The file's {name} cannot be read; taken for unknown.")
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
    age = re.fullmatch(r"([0-9]{1,3})([YMWD])", text(ds, "PatientAge"))
    return int(age[1]) / _A_YEAR[age[2]] if age else None


def other_notes(ds: Dataset, notes: list[str]) -> None:
    """What the reader should know and nothing refuses for."""
    if text(ds, "PresentationIntentType") == "FOR PROCESSING":
        notes.append("Raw detector data (for processing): contrast is not that of a finished film.")
    if text(ds, "BurnedInAnnotation") == "YES":
        notes.append("The tags say that text is burnt into the film; it may be a name.")


def check_square(ds: Dataset, spacing: tuple[float, float] | None, notes: list[str]) -> None:
    """Note pixels that are higher than wide or wider than high."""
    aspect = numbers(ds, "PixelAspectRatio")
    if aspect is None:
        notes.append("The file's pixel aspect ratio cannot be read; taken for square.")
    ratios = [sides for sides in (spacing, aspect) if sides and len(sides) == 2 and min(sides) > 0]
    if any(abs(high - wide) > _SQUARE * max(high, wide) for high, wide in ratios):
        notes.append("The film's pixels are not square; it is shown stretched.")


def _view(said: _TagText) -> str:
    """ "PA", "AP", "frontal", "other" or "" (nothing that is known)."""
    pa, ap = said.means("PA", vocabulary.PA_CODES), said.means("AP", vocabulary.AP_CODES)
    if said.codes & set(vocabulary.NOT_FRONTAL_CODES.split()):
        return "other"
    if pa != ap:
        return "PA" if pa else "AP"
    if pa or said.means("FRONTAL"):
        return "frontal"
    return "other" if said.means("NOT_FRONTAL") else ""


def _said(words: str) -> _TagText:
    """The words of a text, without those that lost a letter: what is left may be another word."""
    runs = (run.strip("?") for run in re.findall(r"(?:[^\W\d_]|[?\ufffd])+", words))
    whole = [run for run in runs if run and not re.search("[?\ufffd]", run)]
    return _TagText(whole[:_MOST_WORDS])


def _coded(ds: Dataset, keyword: str) -> _TagText:
    """The meanings and codes of a coded tag."""
    found = value(ds, keyword)
    items = list(found[:_MOST_CODES]) if isinstance(found, Sequence) else []
    codes = {text(item, "CodeValue") for item in items}
    meanings = " ".join(text(item, "CodeMeaning", within=ds) for item in items)
    return _TagText(_said(meanings).words, frozenset(codes - {""}))
