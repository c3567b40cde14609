"""A film of the session, what its reader says of it, and what became of it under one model."""

from __future__ import annotations

from dataclasses import dataclass, field

from cxr.errors import CxrError
from cxr.input_checks import Passport
from cxr.model.classifier import Prediction
from cxr.screening.standing import Standing, call_of


@dataclass(frozen=True)
class Change:
    """What the reader says of a film, against its file.

    Attributes
    ----------
    turns : int
        Quarter turns, clockwise, 0 to 3.
    exchanged : bool
        Whether black and white are.
    let_in : bool
        It is scored though it was refused.
    """

    turns: int = 0
    exchanged: bool = False
    let_in: bool = False

    @property
    def said(self) -> str:
        """In a few words; "" where nothing was changed."""
        parts = ["let in on your word"] * self.let_in
        parts += [f"turned {90 * self.turns}°"] * bool(self.turns)
        parts += ["black and white exchanged"] * self.exchanged
        return ", ".join(parts)


@dataclass(frozen=True)
class Film:
    """One entry of the list.

    What is pressed is told its number: Streamlit keeps what it hands to a callback for as long as
    the session, and with it the file of a film that was forgotten.

    Attributes
    ----------
    number : int
        Never used again within the session.
    name : str
        As given.
    data : bytes
        The file.
    sha256 : str
        Of the bytes.
    label : str
        As a sample's data set gives it, or as the person marked an upload; else "".
    source : str
        Of a sample; "" for an upload.
    refusal : CxrError or None
        Why it was not even taken in.
    change : Change
        What it is shown and scored with.
    """

    number: int
    name: str = field(repr=False)
    data: bytes = field(repr=False)
    sha256: str
    label: str = ""
    source: str = ""
    refusal: CxrError | None = None
    change: Change = field(default_factory=Change)

    def told(self, name: str) -> str:
        """A way to write its name, with what was changed behind it."""
        return f"{name} · {self.change.said}" if self.change.said else name


@dataclass(frozen=True)
class Reading:
    """What became of a film under one model.

    Attributes
    ----------
    refusal : CxrError or None
        Why there is no score.
    facts : str
        Size, format, view; "" where there is no picture to show.
    doubts : tuple of CxrError
        What would have refused a film that was let in.
    thumbnail : bytes
        JPEG; none where there is no picture.
    passport : Passport or None
        What the film is, as far as can be told; None where nobody looked.
    standing : Standing or None
        Where it lies among films of its hospital, or of hospitals that the model does not know.
    """

    refusal: CxrError | None = None
    facts: str = ""
    notes: tuple[str, ...] = ()
    prediction: Prediction | None = None
    passport: Passport | None = None
    standing: Standing | None = None
    doubts: tuple[CxrError, ...] = ()
    thumbnail: bytes = b""

    @property
    def called(self) -> str:
        """The label that a scored film is called; where none is, the one with the highest score."""
        assert self.prediction is not None
        return call_of(self.prediction, self.standing)
