"""The map of keys: one meaning a key, bound where it says, and told in the documentation."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxr.study.answers import CONFIDENCES
from ui.base import keymap
from ui.base.keymap import MAP
from ui.review.saving import VERDICTS

ROOT = Path(__file__).parents[1]
ROOMS = {"work": ("read", "review", "lab"), "panels": ("read",), "transfer": ("read",)}
"""Rooms of `ui` that serve pages of other names."""
ASKED = {"labels": ["label"], "known": ["known"], "arrows": ["previous", "next"]}
"""Functions of the map that ask for an act by their own name."""
ELSEWHERE = {"review": {*VERDICTS, "label"}, "lab": {"earlier", "further"}}
"""Asked for by a name that is no literal."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "ui").rglob("*.py")]:
        if "node_modules" not in path.parts and path.name != "keymap.py":
            yield path, ast.parse(path.read_text("utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Function of the map and the act that it is asked for, "" where that is no literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("keymap."):
            first = node.args[0] if node.args else None
            named = first.value if isinstance(first, ast.Constant) else ""
            yield ast.unparse(node.func).removeprefix("keymap."), str(named)


def pages_of(path: Path) -> tuple[str, ...]:
    room = path.stem if path.parent.name == "pages" else path.parent.name
    return ROOMS.get(room, (room,))


def test_a_key_has_one_meaning() -> None:
    many = Counter(key for each in MAP for key in each.keys)
    assert [key for key, count in many.items() if count > 1] == []
    assert len({each.act for each in MAP}) == len(MAP)


def test_arrows_j_and_k_step_and_n_p_and_t_are_labels() -> None:
    meant = {key: each.act for each in MAP for key in each.keys}
    assert {meant[key] for key in ("right", "j")} == {"next"}
    assert {meant[key] for key in ("left", "k")} == {"previous"}
    assert {meant[key] for key in "npt"} == {"label"}
    assert keymap.labels(("N", "P", "T")) == {"N": "n", "P": "p", "T": "t"}


def test_no_page_binds_a_key_past_the_map() -> None:
    past = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "shortcut":
                asked = ast.unparse(node.value)
                if "keymap." not in asked and not re.fullmatch(
                    r"shortcut|stop|back|on|keys\[.*\]", asked
                ):
                    past.append(f"{path}: {asked}")
    assert past == []


def test_pages_bind_what_the_map_says_of_them_and_nothing_else() -> None:
    bound: dict[str, set[str]] = {page: set(acts) for page, acts in ELSEWHERE.items()}
    for path, tree in sources():
        for function, act in calls(tree):
            acts = ASKED.get(function, [act])
            for page in pages_of(path) if all(acts) else ():
                bound.setdefault(page, set()).update(acts)
    for page, acts in bound.items():
        told = {each.act for each in MAP if page in each.where}
        assert acts == told, page
    assert {where for each in MAP for where in each.where} == {*bound, "viewer", "everywhere"}


def test_the_viewer_does_what_the_map_says_of_it_and_nothing_else() -> None:
    text = (ROOT / "ui" / "viewer" / "front" / "src" / "keys.js").read_text("utf-8")
    table = text[text.index("ACTS = {") : text.index("\n};")]
    does = set(re.findall(r"^  (\w+): \[", table, re.MULTILINE))
    assert does == {row["act"] for row in keymap.of_viewer()}


def test_the_documentation_lists_the_map() -> None:
    said = (ROOT / "docs" / "keys.md").read_text("utf-8")
    assert "\n".join(keymap.table()) in said, "python -m ui.base.keymap prints the table"


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        (("NORMAL", "PNEUMONIA"), ["n", "p"]),
        (("TB", "PTX"), ["t", "p"]),
        (("tuberculosis", "normal"), ["t", "n"]),
        (("HEALTHY", "TB"), [None, "t"]),
        (("Lung_Opacity", "Normal"), [None, "n"]),
        (("HEALTHY", "ILL"), [None, None]),
        (("Trauma", "TB", "Normal"), [None, None, "n"]),
        (("HD", "K"), [None, None]),
    ],
)
def test_a_label_has_the_letter_that_it_begins_with_alone_or_none(
    labels: tuple[str, ...], keys: list[str | None]
) -> None:
    assert list(keymap.labels(labels).values()) == keys


def test_there_are_keys_for_every_degree_of_certainty() -> None:
    assert all(keymap.several("sure", CONFIDENCES).values())
