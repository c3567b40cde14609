"""The documents: what they point at is there, and each can be found from the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxr import errors

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "benchmarks" / "README.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (document.parent / link).exists()] == []


def test_the_index_leads_to_every_document() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\]\(([^)]+\.md)\)", index)
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} - set(listed) == set()


def test_what_contributing_says_to_touch_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w.]+/[\w./]*|[\w-]+\.(?:py|txt|toml))`", text)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []
    places = re.findall(r"`(\w+)` (?:of|in) `([\w/]+\.py)`", text)
    assert len(places) > 5
    for name, path in places:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), (name, path)


def test_the_sentences_of_refusals_stand_where_errors_says() -> None:
    said = re.findall(r"^- (\w+): ((?:.|\n  )+)", errors.__doc__ or "", re.MULTILINE)
    places = {name: re.findall(r"``([\w./]+)``", where) for name, where in said}
    kinds = {kind.__name__ for kind in errors.CxrError.__subclasses__()}
    assert set(places) == {name for name in kinds if hasattr(errors, name)} - {"Cancelled"}
    library = ROOT / "cxr"
    for name, where in places.items():
        raised = {
            path.relative_to(library).as_posix()
            for path in library.rglob("*.py")
            if re.search(rf"(?<!class )\b{name}\(", path.read_text(encoding="utf-8"))
        }
        assert [path for path in where if not (library / path).exists()] == []
        for path in raised:
            assert any(path.startswith(place) for place in where), (name, path)
        for place in where:
            assert any(path.startswith(place) for path in raised), (name, place)
