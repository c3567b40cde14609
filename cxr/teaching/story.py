"""A story: films and settings in the order that an instructor shows them, as one file.

The file is a zip of ``story.json`` and the films' own bytes. It may come from anywhere, so it is
looked through before anything of it is unpacked, and nothing is ever written to disk. A story holds
no score and no map: what it shows is worked out when it is played, by the network that plays it.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import CxrError
from ..explain import FILLS, METHODS
from ..explain.overlay import KINDS
from ..imaging.preprocessing import Preprocessing
from ..imaging.reader import read
from .preprocessing_stages import changed

VERSION = 1
TEXT = "story.json"
MAX_BYTES = 64_000_000  # of the file, and of all that is in it
MAX_TEXT = 1_000_000
MAX_STEPS, MAX_FILMS = 60, 40
MAX_CAPTION = 600
VIEWS = ("scores", "methods", "regions", "layers", "input", "stability")

_STUMBLES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(ValueError, KeyError, IndexError, RecursionError, NotImplementedError, RuntimeError),
)
"""What reading a damaged archive and its JSON ends in; their messages would quote the file."""
_FILM = re.compile(r"films/[a-z0-9-]{1,40}")


class StoryError(CxrError):
    """The file is no story that can be played."""


@dataclass(frozen=True)
class Hidden:
    """A region, in shares of the film.

    Attributes
    ----------
    kind : {"box", "brush"}
    box : (float, float, float, float)
        Left, top, width, height, 0 to 1.
    points : tuple of (float, float)
        Along the brush's way; none for a box.
    radius : float
        Of the brush, share of the film's width.
    """

    kind: str
    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float], ...] = ()
    radius: float = 0.0


_KEYS = {"shuffled_weights": "twin"}
"""Attribute of a step → its key in a file, where the two differ."""


@dataclass(frozen=True)
class StoryStep:
    """One picture of a story.

    Attributes
    ----------
    film : str
        Which of the story's films.
    caption : str
        What the instructor says to it.
    view : str
        One of :data:`VIEWS`; what follows is for the view that needs it.
    model : str
        Name of a bundle; "": the one that is picked.
    label : str
        A class; "": the likeliest.
    methods : tuple of str
        Of maps, see :data:`cxr.explain.METHODS`.
    shuffled_weights : bool
        Also the maps of the network with shuffled weights.
    hidden : tuple of Hidden
        Regions that are filled together.
    fill : str
        One of :data:`cxr.explain.FILLS`.
    way : mapping
        Parameters of the film's way that are not the model's own: see
        :func:`cxr.teaching.preprocessing_stages.changed`.
    layer : str
        Name of a layer; "": the last one with maps.
    scales : mapping
        Method → the value of its last colour, one of its own scales; else the usual one.
    """

    film: str
    caption: str = ""
    view: str = VIEWS[0]
    model: str = ""
    label: str = ""
    methods: tuple[str, ...] = ()
    shuffled_weights: bool = False
    hidden: tuple[Hidden, ...] = ()
    fill: str = FILLS[0]
    way: Mapping[str, float] = field(default_factory=dict)
    layer: str = ""
    scales: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """A story, its films by name.

    Attributes
    ----------
    title : str
    credit : str
        Whose films they are.
    steps : tuple of StoryStep
    films : mapping
        Name → the file's bytes.
    """

    title: str
    credit: str
    steps: tuple[StoryStep, ...]
    films: Mapping[str, bytes] = field(repr=False)


def write_story(story: Story) -> bytes:
    """The story as a file; the same story gives the same bytes."""
    text = {
        "version": VERSION,
        "title": story.title,
        "credit": story.credit,
        "steps": [_short(step) for step in story.steps],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, TEXT, json.dumps(text, ensure_ascii=False, indent=1).encode())
        for name, data in story.films.items():
            _add(archive, f"films/{name}", data)
    return out.getvalue()


def _short(step: StoryStep) -> dict[str, Any]:
    """What of a step is not as it is unless said."""
    plain = asdict(StoryStep(step.film))
    said = {k: v for k, v in asdict(step).items() if k in ("film", "view") or v != plain[k]}
    return {_KEYS.get(k, k): v for k, v in said.items()}


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def read_story(data: bytes) -> Story:
    """Read a story, and every film in it.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    StoryError
        ``not_a_story``: no zip, or one without a story. ``story_too_large``: more than a session
        can hold, or made to exhaust memory. ``story_version``: written for another version.
        ``bad_story``: something in it is wrong; the sentence names the step. ``story_film``: a film
        was refused; the sentence says why.
    """
    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _checked(archive)
            text = json.loads(_unpacked(archive, members.pop(TEXT)))
            if not isinstance(text, dict):
                raise ValueError
            if text.get("version") != VERSION:
                raise StoryError(
                    "story_version",
                    f"The story was written for another version; this one plays version {VERSION}. "
                    "Keep it again where it was made.",
                )
            films = {
                name.removeprefix("films/"): _unpacked(archive, member)
                for name, member in members.items()
            }
    except _STUMBLES:
        raise _no_story() from None
    steps = _steps(text.get("steps"), films)
    _read_films(films)
    return Story(_words(text, "title"), _words(text, "credit"), steps, films)


def _checked(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by name: a story and films, none twice, none too large."""
    members = archive.infolist()
    if len(members) > MAX_FILMS + 1 or sum(m.file_size for m in members) > MAX_BYTES:
        raise _too_large()
    found = {member.filename: member for member in members}
    films = [name for name in found if _FILM.fullmatch(name)]
    if len(found) < len(members) or TEXT not in found or len(films) != len(found) - 1:
        raise _no_story()
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise _no_story()
    if found[TEXT].file_size > MAX_TEXT:
        raise _too_large()
    return found


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes, never more than it says to have."""
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise _too_large()
    return data


def _no_story() -> StoryError:
    return StoryError(
        "not_a_story",
        f"The file is no story: a zip that holds {TEXT} and films, and nothing else. "
        "Stories are kept on the page Lab.",
    )


def _too_large() -> StoryError:
    return StoryError(
        "story_too_large",
        f"A story holds at most {MAX_STEPS} steps and {MAX_FILMS} films, "
        f"{MAX_BYTES // 10**6} MB in all. Make two of it.",
    )


def _words(text: Mapping[str, Any], key: str) -> str:
    value = text.get(key, "")
    return " ".join(value.split())[:MAX_CAPTION] if isinstance(value, str) else ""


def _steps(listed: Any, films: Mapping[str, bytes]) -> tuple[StoryStep, ...]:
    if not isinstance(listed, list) or not listed:
        raise StoryError("bad_story", "The story has no steps. Keep at least one view in it.")
    if len(listed) > MAX_STEPS:
        raise _too_large()
    found = []
    for number, values in enumerate(listed, 1):
        try:
            found.append(_step(values, films))
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            raise StoryError(
                "bad_story",
                f"Step {number} of the story asks for what cannot be shown here. "
                "Keep it again, or take it out.",
            ) from None
    return tuple(found)


def _step(values: dict[str, Any], films: Mapping[str, bytes]) -> StoryStep:
    """A step, its values of the right kinds and within bounds; ValueError and the like if not."""
    known = {_KEYS.get(each.name, each.name): each.name for each in fields(StoryStep)}
    values = {known[key]: value for key, value in values.items()}
    hidden = tuple(_hidden(each) for each in values.get("hidden", ()))
    way = dict(values.get("way", {}))
    changed(Preprocessing(), way)
    step = StoryStep(
        **values | {"hidden": hidden, "way": way, "methods": tuple(values.get("methods", ()))}
    )
    texts = (step.film, step.caption, step.model, step.label, step.layer)
    if not all(isinstance(each, str) and len(each) <= MAX_CAPTION for each in texts):
        raise ValueError
    if step.film not in films or step.view not in VIEWS or step.fill not in FILLS:
        raise ValueError
    if not set(step.methods) <= set(METHODS) or len(step.methods) > 4 or len(hidden) > 100:
        raise ValueError
    if not isinstance(step.shuffled_weights, bool):
        raise ValueError
    if not all(scale in KINDS[method].scales for method, scale in step.scales.items()):
        raise ValueError
    return step


def _hidden(values: dict[str, Any]) -> Hidden:
    left, top, width, height = (float(x) for x in values["box"])
    points = tuple((float(x), float(y)) for x, y in values.get("points", ()))
    radius = float(values.get("radius", 0))
    numbers = (left, top, width, height, radius, *(x for point in points for x in point))
    if values["kind"] not in ("box", "brush") or not all(0 <= x <= 1 for x in numbers):
        raise ValueError
    if len(points) > 10_000 or (values["kind"] == "brush") != bool(points and radius):
        raise ValueError
    return Hidden(values["kind"], (left, top, width, height), points, radius)


def _read_films(films: Mapping[str, bytes]) -> None:
    """Refuse a story with a film that the reader refuses; one film is held at a time."""
    for number, data in enumerate(films.values(), 1):
        try:
            read(data)
        except CxrError as refusal:
            raise StoryError(
                "story_film", f"Film {number} of the story was refused. {refusal.message}"
            ) from refusal
