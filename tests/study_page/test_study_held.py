"""Which files a study under way holds back on other pages, and when it lets them go."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import appwalk
import pytest
from appwalk import click, running, text, upload, wait
from reviewroom import make_own
from streamlit.testing.v1 import AppTest
from studypage import begun, go, opened

from ui.session import reload
from ui.study import setup

BARS = 'class="cxr-bars"'
HELD = "belongs to a reader study"


def first_file(at: AppTest, data: Path) -> bytes:
    """The file of a study's first film, in the data folder that it comes from."""
    case = at.session_state[setup.PLAN].cases[0]
    (path,) = (
        path
        for path in data.rglob("*.png")
        if sha256(str(path.relative_to(data)).encode()).hexdigest() == case.film
    )
    return path.read_bytes()


def test_a_test_film_of_the_model_tells_nothing_as_an_upload(
    place: Path, room: tuple[Path, Path]
) -> None:
    at = begun()
    data = first_file(at, room[0])
    upload(go(at, "read"), ("again.png", data))
    assert HELD in text(at)
    assert BARS not in text(at)
    go(at, "study")
    held = dict(reload._TABS[at.session_state["tab"]])
    again = appwalk.opened("study", **{key: held[key] for key in held if key != "model"})
    assert "Film 1 of 4 · alone" in text(again)
    assert HELD in text(go(again, "read")), "after a reload too"


def test_a_film_of_one_s_own_folder_tells_nothing_as_an_upload(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    at = opened()
    wait(lambda: not running(at))
    at.run()
    at.number_input(key="study-films").set_value(4)
    click(at, "study-begin")
    data = first_file(at, tmp_path / "own")
    upload(go(at, "read"), ("again.png", data))
    assert HELD in text(at)
    assert BARS not in text(at)


def test_a_film_whose_file_is_gone_keeps_no_study_from_its_beginning(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    at = opened()
    wait(lambda: not running(at))
    at.run()
    for number in range(6):
        (tmp_path / "own" / "mine" / f"{number}.png").unlink()
    click(at, "study-begin")
    assert "This film cannot be shown" in text(at)
