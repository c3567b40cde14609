"""A manifest with the labels that readers agree on, for the next training."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .. import spreadsheet
from ..manifest import read
from .entries import Entry

ADDED = ("label_before", "relabelled_by", "relabelled_at", "notice")
_LABEL_STANDS = ("call_right", "model_wrong", "subtle")


@dataclass(frozen=True)
class LabelChange:
    """One film's label."""

    image: str
    before: str
    after: str
    readers: tuple[str, ...]
    time: str
    split: str = ""
    consensus: bool = False


@dataclass(frozen=True)
class Open:
    """A film whose label was doubted but stays, and why."""

    image: str
    label: str
    said: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Relabelled:
    """What becomes of a manifest.

    Attributes
    ----------
    manifest : bytes
        ``manifest.csv``, every row and column of the one given, `label` put right and
        :data:`ADDED` behind.
    changes : tuple of LabelChange
    open : tuple of Open
        Where readers disagree, no right label was given, or the manifest has changed meanwhile.
    judged : mapping of split to (int, int)
        Films of every split that readers judged: called right, called wrong.
    """

    manifest: bytes
    changes: tuple[LabelChange, ...]
    open: tuple[Open, ...]
    judged: Mapping[str, tuple[int, int]]

    def judged_mostly_wrong(self, split: str) -> bool:
        """Whether mostly wrong calls of a split were judged, so that its labels put right raise
        every figure of the model that called them."""
        right, wrong = self.judged.get(split, (0, 0))
        return right < wrong


def relabel(
    manifest: bytes, standing: Mapping[tuple[str, str], Entry], split: str = ""
) -> Relabelled:
    """Put right the labels that readers hold to be wrong, where all who judged them agree; one
    reader alone is enough, and :attr:`LabelChange.readers` says who stands behind each. Where
    readers have come to a consensus, that alone counts.

    ``label_wrong`` speaks for its correction, ``call_right`` (where the call is the label),
    ``model_wrong`` and ``subtle`` for the label as it is; the others for nothing.

    Parameters
    ----------
    manifest : bytes
        ``manifest.csv`` of the data folder.
    standing : mapping
        See :func:`cxr.review.entries.settled`: of all models.
    split : str
        The only one whose labels are touched; "": every one. A test set that is put right where
        the model was looked at for errors flatters that model.

    Raises
    ------
    DataError
        ``bad_manifest``.
    """
    header, rows = read(manifest, ("image", "label"))
    doubted: dict[str, list[Entry]] = {}
    for entry in standing.values():
        doubted.setdefault(entry.image, []).append(entry)
    changes, undecided = {}, []
    judged: dict[str, tuple[int, int]] = {}
    for row in rows:
        said = doubted.get(row["image"], [])
        if said:
            right, wrong = judged.get(row.get("split", ""), (0, 0))
            at_fault = any(entry.label != entry.called for entry in said)
            judged[row.get("split", "")] = right + (not at_fault), wrong + at_fault
        if split and row.get("split") != split:
            continue
        if any(entry.verdict == "label_wrong" for entry in said):
            outcome = _decide(row, said)
            if isinstance(outcome, LabelChange):
                changes[row["image"]] = outcome
            elif outcome is not None:
                undecided.append(outcome)
    text = _written(header, rows, changes)
    return Relabelled(text, tuple(changes.values()), tuple(undecided), judged)


def told(standing: Mapping[tuple[str, str], Entry]) -> tuple[dict[str, str], int]:
    """What films are by their verdicts, where all who judged one agree or have come to a
    consensus; read as by :func:`relabel`, whatever a manifest says.

    Returns
    -------
    labels : dict of image to label
    undecided : int
        Films that were judged and are none of these.
    """
    voices: dict[str, set[str]] = {}
    for entry in standing.values():
        said = voices.setdefault(entry.image, set())
        if (meant := means(entry)) is not None:
            said.add(meant)
    labels = {image: said.copy().pop() for image, said in voices.items() if len(said) == 1}
    labels = {image: label for image, label in labels.items() if label}
    return labels, len(voices) - len(labels)


def means(entry: Entry) -> str | None:
    """The label that a verdict speaks for, "" where no right one was given; None: for none."""
    if entry.verdict == "label_wrong":
        return entry.correction
    return entry.label if entry.verdict in _LABEL_STANDS else None


def _decide(row: Mapping[str, str], said: Iterable[Entry]) -> LabelChange | Open | None:
    """None: the manifest has the right label already."""
    image, label = row["image"], row["label"]
    voices = [entry for entry in said if means(entry) is not None]
    voices.sort(key=lambda entry: entry.reader)
    meant = {means(entry) or "" for entry in voices}
    why = ""
    if "" in meant:
        why = "no right label was given"
    elif len(meant) > 1:
        why = "readers disagree"
    elif meant == {label}:
        return None
    elif any(entry.label != label for entry in voices):
        why = "the manifest’s label is not the one that was reviewed"
    if why:
        words = tuple(
            f"{', '.join(e.behind)}: {e.verdict.replace('_', ' ')}"
            + (f", {e.correction}" * bool(e.correction))
            for e in voices
        )
        return Open(image, label, words, why)
    wrong = [entry for entry in voices if entry.verdict == "label_wrong"]
    readers = tuple(name for entry in wrong for name in entry.behind)
    time = max(entry.time for entry in wrong)
    together = any(entry.kind == "consensus" for entry in wrong)
    return LabelChange(image, label, meant.pop(), readers, time, row.get("split", ""), together)


def _written(
    header: list[str], rows: list[dict[str, str]], changes: Mapping[str, LabelChange]
) -> bytes:
    out = io.StringIO()
    names = [*header, *(name for name in ADDED if name not in header)]
    names.remove("notice")  # which the writer adds
    for row in rows:
        change = changes.get(row["image"])
        if change is not None:
            row |= {
                "label": change.after,
                "label_before": change.before,
                "relabelled_by": "; ".join(change.readers),
                "relabelled_at": change.time,
            }
    lines = ([row.get(name, "") for name in names] for row in rows)
    spreadsheet.write(out, names, lines, end="\n")
    return out.getvalue().encode()
