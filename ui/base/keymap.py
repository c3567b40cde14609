"""The keys of the whole app: what each means, and where it is heard.

A key means one thing wherever it is heard. Pages take the key of a button from here, and so does
the viewer; ``?`` lists what acts at that moment. ``docs/keys.md`` holds :func:`table`, which
``python -m ui.base.keymap`` prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Key:
    """An act and its keys.

    Attributes
    ----------
    act : str
        What pages and the viewer ask for it by.
    keys : tuple of str
        As Streamlit writes them: "j", "shift+l", "left". A button takes the last; the viewer hears
        all.
    words : str
        What it does.
    where : tuple of str
        "viewer" is wherever a film is shown, else the pages' own names.
    judges : bool
        Something is kept under a reader's name: where none was given, the key asks for it.
    """

    act: str
    keys: tuple[str, ...]
    words: str
    where: tuple[str, ...]
    judges: bool = False


_VIEWER = ("viewer",)
_REVIEW = ("review",)

MAP = (
    Key(
        "previous",
        ("left", "k"),
        "Previous: film, case, step, page of a list",
        ("viewer", "read", "review", "lab", "worklist"),
    ),
    Key(
        "next",
        ("right", "j"),
        "Next: film, case, step, page of a list",
        ("viewer", "read", "review", "lab", "worklist"),
    ),
    Key("earlier", ("shift+k",), "Earlier layer or picture of the same film", ("lab",)),
    Key("further", ("shift+j",), "Further layer or picture of the same film", ("lab",)),
    Key("label", ("n", "p", "t"), "The label: N, P or T", ("review", "study"), True),
    Key("known", ("shift+n", "shift+p", "shift+t"), "Known to be N, P or T", ("read",)),
    Key(
        "sure", ("6", "7", "8", "9", "0"), "How sure, from the least on", ("review", "study"), True
    ),
    Key("keep", ("enter",), "Keep what was said, and go on", ("read", "study", "hospital"), True),
    Key(
        "back",
        ("backspace",),
        "Take back the last: length, region, try or verdict",
        ("viewer", "review", "lab"),
    ),
    Key(
        "stop",
        ("escape",),
        "Stop what is being worked out; leave a story, a note",
        ("read", "review", "lab", "metrics", "hospital"),
    ),
    Key("maps", ("m",), "Maps, or no maps", ("read", "review")),
    Key("alike", ("shift+a",), "Alike films, linked with the film", _REVIEW),
    Key("call_right", ("a",), "Verdict: call is right (agreed)", _REVIEW, True),
    Key("model_wrong", ("e",), "Verdict: model wrong (error)", _REVIEW, True),
    Key("label_wrong", ("f",), "Verdict: label wrong (false)", _REVIEW, True),
    Key("other_disease", ("shift+o",), "Verdict: other disease", _REVIEW, True),
    Key("unreadable", ("u",), "Verdict: unreadable", _REVIEW, True),
    Key("subtle", ("s",), "Verdict: subtle", _REVIEW, True),
    Key("unsure", ("q",), "Verdict: unsure (query)", _REVIEW, True),
    Key("window", ("1", "2", "3", "4", "5"), "Window, one of five", _VIEWER),
    Key("invert", ("i",), "Invert", _VIEWER),
    Key("mirror", ("h",), "Flip left and right", _VIEWER),
    Key("upend", ("v",), "Flip up and down", _VIEWER),
    Key("turn_right", ("r",), "Rotate right", _VIEWER),
    Key("turn_left", ("l",), "Rotate left", _VIEWER),
    Key("closer", ("+",), "Zoom in", _VIEWER),
    Key("away", ("-",), "Zoom out", _VIEWER),
    Key("fit", ("=",), "Fit", _VIEWER),
    Key("reset", ("space",), "Reset", _VIEWER),
    Key("windowing", ("w",), "Window by dragging", _VIEWER),
    Key("pan", ("d",), "Pan by dragging", _VIEWER),
    Key("zoom", ("z",), "Zoom by dragging", _VIEWER),
    Key("magnifier", ("g",), "Magnifier", _VIEWER),
    Key("length", ("shift+l",), "Measure a length", _VIEWER),
    Key("box", ("x",), "Draw a box", _VIEWER),
    Key("brush", ("y",), "Draw with a brush", _VIEWER),
    Key("overlay", ("o",), "Map on or off", _VIEWER),
    Key("contour", ("c",), "Contour on or off", _VIEWER),
    Key("lesions", ("b",), "Lesion boxes on or off", _VIEWER),
    Key("help", ("?",), "These keys", ("everywhere",)),
)

_BY_ACT = {each.act: each for each in MAP}
_SHOWN = {"left": "←", "right": "→", "escape": "Esc"}
_BROWSER = {"left": "ArrowLeft", "right": "ArrowRight", "space": " "}


def of(act: str, place: int = -1) -> str:
    """The key of a button.

    Parameters
    ----------
    act : str
    place : int
        Which of the act's keys.
    """
    return _BY_ACT[act].keys[place]


def several(act: str, options: Iterable[Any]) -> dict[Any, str | None]:
    """Options → keys in their order; None past the last."""
    keys = _BY_ACT[act].keys
    return {each: keys[i] if i < len(keys) else None for i, each in enumerate(options)}


def labels(names: Sequence[str]) -> dict[str, str | None]:
    """A key for each label: N, P or T where it alone begins with it, else None.

    A letter from within a name would judge wrongly: T of HEALTHY stands for TB to whoever presses
    it. So would the first letter of two names.
    """
    first = {name: name[:1].lower() for name in names}
    free = set(_BY_ACT["label"].keys)
    alone = {letter for letter, many in Counter(first.values()).items() if many == 1}
    return {name: letter if letter in free & alone else None for name, letter in first.items()}


def known(names: Sequence[str]) -> dict[str, str | None]:
    """Shift and a label's key: what a film is known to be."""
    return {name: f"shift+{key}" if key else None for name, key in labels(names).items()}


def of_viewer() -> list[dict[str, Any]]:
    """What the viewer hears, its keys as browsers name them."""
    return [
        {"act": each.act, "keys": [_browser(key) for key in each.keys], "words": each.words}
        for each in MAP
        if "viewer" in each.where
    ]


def _browser(key: str) -> str:
    """As browsers name it."""
    if key.startswith("shift+"):
        return key[-1].upper()
    return _BROWSER.get(key, key.capitalize() if len(key) > 1 else key)


def shown(key: str) -> str:
    """As a reader sees it, on Streamlit's buttons too."""
    if key.startswith("shift+"):
        return f"Shift + {key[-1].upper()}"
    return _SHOWN.get(key, key.capitalize())


def judged(film: str) -> str:
    """An attribute for HTML beside buttons that judge a film: their keys are passed over until the
    viewer shows it.

    Parameters
    ----------
    film : str
        The first line of the viewer's caption.
    """
    return f'data-judged="{escape(film)}"'


def table() -> list[str]:
    """The map as lines of Markdown."""
    rows = ["| key | does | where |", "| --- | --- | --- |"]
    for each in MAP:
        keys = " ".join(shown(key) for key in each.keys)
        rows.append(f"| {keys} | {each.words} | {', '.join(each.where)} |")
    return rows


def arrows(step: Callable[[int], None]) -> None:
    """The arrow keys of the viewer, where there is none; the buttons are not seen."""
    with st.container(key="arrows"):
        for act, by in (("previous", -1), ("next", 1)):
            st.button(
                act.capitalize(), key=f"arrow-{act}", shortcut=of(act, 0), on_click=step, args=(by,)
            )


_component = st.components.v2.component("cxr_keys", js=(HERE / "keymap.js").read_text("utf-8"))


def listen() -> None:
    """Hear ``?``, and say what each key does; see ``keymap.js``."""
    judging = [key for each in MAP if each.judges for key in each.keys]
    moving = [
        _browser(key)
        for act in ("previous", "next", "earlier", "further")
        for key in _BY_ACT[act].keys
    ]
    data = {
        "judging": [_browser(key) for key in judging],
        "shown": [shown(key) for key in judging],
        "moving": moving,
    }
    _component(key="keys", data=data, height=1)


if __name__ == "__main__":
    print("\n".join(table()))
