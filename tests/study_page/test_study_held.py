"""Which files a study under way holds back on other pages, and when it lets them go."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import appwalk
import pytest
from appwalk import click, running, text, upload, wait
from reviewroom import make_own
from streamlit.testing.v1 import AppTest
from studypage import begun, go, named, opened, said, told

from ui.session import reload, studies
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


def of_own_films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page once the films of a folder of one's own are scored."""
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    at = opened()
    wait(lambda: not running(at))
    return at.run()


def test_a_film_of_one_s_own_folder_tells_nothing_as_an_upload(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = of_own_films(tmp_path, monkeypatch)
    at.number_input(key="study-films").set_value(4)
    click(at, "study-begin")
    data = first_file(at, tmp_path / "own")
    upload(go(at, "read"), ("again.png", data))
    assert HELD in text(at)
    assert BARS not in text(at)


def test_a_film_whose_file_is_gone_keeps_no_study_from_its_beginning(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = of_own_films(tmp_path, monkeypatch)
    for number in range(6):
        (tmp_path / "own" / "mine" / f"{number}.png").unlink()
    click(at, "study-begin")
    assert "This film cannot be shown" in text(at)


def held_studies(at: AppTest) -> set[str]:
    return set(at.session_state[studies.HELD])


def reloaded(at: AppTest) -> AppTest:
    held = dict(reload._TABS[at.session_state["tab"]])
    return appwalk.opened("study", **{key: held[key] for key in held if key != "model"})


def other_model(at: AppTest) -> AppTest:
    """The study that is under way is of another model than the one that is picked."""
    at.session_state[setup.PLAN] = replace(at.session_state[setup.PLAN], bundle="0" * 64)
    at.run()
    assert at.button(key="study-begin")
    return at


@pytest.mark.parametrize("reload_first", [False, True])
def test_a_study_of_which_nothing_was_said_gives_way_to_the_next(
    place: Path, reload_first: bool
) -> None:
    at = begun()
    (before,) = held_studies(at)
    at = other_model(reloaded(at) if reload_first else at)
    at.number_input(key="study-films").set_value(4)
    at.number_input(key="study-seed").set_value(2)
    click(at, "study-begin")
    (now,) = held_studies(at)
    assert now == at.session_state[setup.PLAN].study != before


def test_a_study_of_which_something_was_said_does_not_give_way(place: Path) -> None:
    at = other_model(said(begun(), "N"))
    at.number_input(key="study-films").set_value(4)
    at.number_input(key="study-seed").set_value(2)
    click(at, "study-begin")
    assert len(held_studies(at)) == 2


def stopped(at: AppTest) -> AppTest:
    return click(at, "study-stop")


def test_what_another_reader_of_the_session_said_is_not_let_go(place: Path) -> None:
    at = named(said(begun(), "N"), "B. Reader")
    click(stopped(at), "study-again")
    assert len(held_studies(at)) == 1
    assert "is not read to the end" in text(at)
    assert len(held_studies(reloaded(at))) == 1
    again = reloaded(at)
    again.number_input(key="study-films").set_value(4)
    click(again, "study-begin")
    click(stopped(again), "study-again")
    assert len(held_studies(again)) == 1, "after a reload too"


def test_a_study_that_cannot_be_made_again_is_given_up(
    place: Path, room: tuple[Path, Path]
) -> None:
    at = said(begun(), "N")
    data = first_file(at, room[0])
    click(stopped(at), "study-again")
    at = reloaded(at)
    assert "its figures open to no reader here" in text(at)
    click(at, "study-give-up")
    assert not held_studies(at)
    assert not [button for button in at.button if button.key == "study-give-up"]
    upload(go(at, "read"), ("again.png", data))
    assert BARS in text(at)


def test_a_study_that_was_given_up_is_not_read_on_and_opens_nothing(place: Path) -> None:
    at = said(begun(), "N")
    stopped(at)
    click(at, "study-give-up")
    assert setup.PLAN not in at.session_state
    at.number_input(key="study-films").set_value(4)
    click(at, "study-begin")
    assert "was given up in this session" in text(at)
    assert "Film 1 of 4" not in text(at)
    told(at, place, "A. Reader")
    assert "was given up in this session" in text(at.run())
    assert "Wrong calls" not in text(at)
    assert "was given up in this session" in text(reloaded(at))
    assert not held_studies(at)
    click(click(at, "study-as-instructor"), "study-instruct")
    assert "Shown to an instructor" in text(at)


def test_a_study_of_which_nothing_was_said_needs_no_giving_up(place: Path) -> None:
    at = stopped(begun())
    assert not [button for button in at.button if button.key == "study-give-up"]
    click(at, "study-again")
    assert not [button for button in at.button if button.key == "study-give-up"]
    assert not held_studies(at)
