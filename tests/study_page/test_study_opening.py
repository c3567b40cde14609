"""What a study's films tell elsewhere, which of them are passed over, and to whom figures open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import appwalk
import pytest
from appwalk import click, listed, plates, text
from sites import profile
from streamlit.testing.v1 import AppTest
from studypage import begun, go, named, opened, said, told

import cxr
from cxr.errors import UnreadableFile
from cxr.imaging.radiograph import Radiograph
from cxr.site_profiles import store
from cxr.site_profiles.profile import Profile
from cxr.study.answers import Answers
from cxr.study.plan import StudyPlan
from ui.session import reload
from ui.study import setup

BARS = 'class="cxr-bars"'


def begun_on_samples(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.delenv("CXR_DATA")
    at = click(opened(), "study-samples")
    at.number_input(key="study-films").set_value(4)
    return click(at, "study-begin")


def test_films_of_an_unfinished_study_tell_nothing_on_read_and_in_the_lab(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun_on_samples(monkeypatch)
    plan: StudyPlan = at.session_state[setup.PLAN]
    films = {film.sha256: film.number for film in at.session_state["films"].values()}
    number = films[plan.cases[0].film]
    at.session_state["film"] = number
    go(at, "read")
    assert "belongs to a reader study" in text(at)
    assert BARS not in text(at)
    assert "given as" not in text(at)
    assert at.button(key="map").disabled
    said = {row["number"]: row["said"] for row in listed(at)}
    assert {said[films[case.film]] for case in plan.cases} == {"waits for your reader study"}
    assert not [b for b in click(at, "samples").button if b.key == f"take-{name(at, number)}"]
    go(at, "lab")
    assert "belongs to a reader study" in text(at)
    assert not plates(at)
    other = next(iter(set(films.values()) - {films[case.film] for case in plan.cases}))
    at.session_state["film"] = other
    assert BARS in text(go(at, "read"))
    assert "given as" in text(at)
    told(at, place, "A. Reader")
    go(at, "study")
    at.session_state["film"] = number
    assert BARS in text(go(at, "read"))
    assert "given as" in text(at)


def name(at: AppTest, number: int) -> str:
    return str(at.session_state["films"][number].name)


def test_leaving_a_study_lets_its_films_go_where_nothing_was_said_of_them(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun_on_samples(monkeypatch)
    at.session_state["film"] = next(
        film.number
        for film in at.session_state["films"].values()
        if film.sha256 == at.session_state[setup.PLAN].cases[0].film
    )
    click(click(at, "study-stop"), "study-again")
    assert BARS in text(go(at, "read"))
    go(at, "study")
    at = said(click(at, "study-begin"), "N")
    click(click(at, "study-stop"), "study-again")
    assert "belongs to a reader study" in text(go(at, "read"))


def test_a_name_that_has_finished_opens_nothing_before_it_is_said_what_that_opens(
    place: Path,
) -> None:
    told(begun(), place, "A. Reader")
    at = named(begun(reader="B. Reader"), "A. Reader")
    assert "A. Reader has read all of this study" in text(at).replace("\\", "")
    assert "every reader’s answers" in text(at)
    assert not at.get("download_button")
    assert "Wrong calls" not in text(at)
    click(at, "study-not-open")
    assert at.text_input(key="reader-name")
    at.text_input(key="reader-name").set_value("A. Reader")
    next(button for button in at.button if button.label == "Begin").click().run()
    click(at, "study-open")
    assert "Wrong calls" in text(at)
    assert at.get("download_button")
    named(at, "B. Reader")
    assert "Film 1 of 4 · alone" in text(at)
    assert "Wrong calls" not in text(named(at, "A. Reader")), "asked again"


def test_what_a_reader_had_opened_does_not_come_back_to_the_next_by_a_reload(place: Path) -> None:
    at = begun()
    click(at, "reader-change")
    held = reload._TABS[at.session_state["tab"]]
    assert "study-opened" not in held
    assert "reader" not in held


def test_who_finishes_here_and_who_is_signed_in_are_not_asked(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun()
    told(at, place, "A. Reader")
    assert "Wrong calls" in text(at.run())
    monkeypatch.setattr("ui.server.who.signed_in", lambda: "A. Reader")
    at = begun(reader="")
    assert "Wrong calls" in text(at)


def unreadable(at: AppTest, place: int) -> None:
    """The file of a study's film is gone."""

    def refused() -> Radiograph:
        raise UnreadableFile("gone", "Its file is gone.")

    film = at.session_state[setup.PLAN].cases[place].film
    at.session_state[setup.POOL].opened[film] = refused


def test_a_film_that_cannot_be_shown_is_passed_over_or_ends_the_sitting(place: Path) -> None:
    at = begun()
    unreadable(at, 0)
    assert "This film cannot be shown" in text(at.run())
    click(at, "study-stop")
    assert "Stopped at film 1 of 4" in text(at)
    click(at, "study-go-on")
    click(at, "study-skip")
    assert "Film 2 of 4 · alone" in text(at)
    told(at, place, "A. Reader", first=1)
    assert "1 film could not be shown" in text(at.run())
    assert "Wrong calls" in text(at)
    assert {answer.film for answer in Answers(place).of(at.session_state[setup.PLAN].study)} == {
        case.film for case in at.session_state[setup.PLAN].cases[1:]
    }


def skipped(at: AppTest, first: int = 0) -> AppTest:
    """Pass every film over from `first` on."""
    for number in range(first, 4):
        unreadable(at, number)
    at.run()
    for _ in range(first, 4):
        click(at, "study-skip")
    return at


@pytest.mark.parametrize("signed_in", [False, True])
def test_who_passes_every_film_over_has_read_nothing_and_is_shown_no_figures(
    place: Path, monkeypatch: pytest.MonkeyPatch, signed_in: bool
) -> None:
    told(begun(reader="B. Reader"), place, "B. Reader")
    if signed_in:
        monkeypatch.setattr("ui.server.who.signed_in", lambda: "A. Reader")
    at = skipped(begun(reader="" if signed_in else "A. Reader"))
    assert "No film of this study could be shown here" in text(at)
    assert "Wrong calls" not in text(at)
    assert "B. Reader" not in text(at)
    assert not at.get("download_button")
    assert not at.get("button_group")
    if not signed_in:
        assert "C. Reader has read" not in text(named(at, "C. Reader")), "nor is the next"
        assert "Wrong calls" not in text(at)
    assert setup.PLAN not in click(at, "study-again").session_state


def test_what_a_name_is_said_to_have_read_is_what_it_has_read(place: Path) -> None:
    plan = told(begun(reader="B. Reader"), place, "B. Reader")
    rows = [row for row in Answers(place).of(plan.study) if row.film == plan.cases[0].film]
    for row in rows:
        Answers(place).keep(replace(row, reader="A. Reader"))
    at = named(skipped(begun(reader="C. Reader")), "A. Reader")
    said = text(at).replace("\\", "")
    assert "A. Reader has read all" not in said
    assert "A. Reader has read 1 of the 4 films of this study; the others could not be" in said
    click(at, "study-open")
    assert "3 films could not be shown" in text(at)
    assert "Wrong calls" in text(at)


def test_an_instructor_sees_results_without_reading_once_it_is_said_what_that_opens(
    place: Path,
) -> None:
    told(begun(reader="B. Reader"), place, "B. Reader")
    at = opened(reader="I. Teacher")
    at.number_input(key="study-films").set_value(4)
    click(at, "study-as-instructor")
    assert "every reader’s answers" in text(at)
    assert "B. Reader" not in text(at)
    click(at, "study-not-instruct")
    assert "Stopped at film 1 of 4" in text(at)
    click(at, "study-as-instructor")
    assert "Film 1 of 4 · alone" in text(named(at, "C. Reader")), "he has not asked"
    named(at, "I. Teacher")
    click(click(at, "study-as-instructor"), "study-instruct")
    assert "Shown to an instructor who has not read" in text(at)
    assert "Reader by reader" in text(at)
    assert "Film by film" in text(at)
    assert "<td>B. Reader</td><td>4</td>" in text(at)
    assert at.get("download_button")
    click(at, "study-again")
    at.number_input(key="study-films").set_value(4)
    click(at, "study-begin")
    assert "Shown to an instructor" in text(at), "he does not read it after that"
    assert "Shown to an instructor" not in text(named(at, "C. Reader"))
    assert "Film 1 of 4 · alone" in text(at)


def test_a_reader_is_not_offered_what_an_instructor_is(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun()
    click(at, "study-stop")
    assert at.button(key="study-as-instructor")
    click(click(at, "study-as-instructor"), "study-instruct")
    assert "No film has been read both ways" in text(at)
    monkeypatch.setattr("ui.server.access.role", lambda: "reader")
    assert "Stopped at film 1 of 4" in text(at.run())
    assert not [b for b in at.button if b.key == "study-as-instructor"]
    at = opened()
    assert not [b for b in at.button if b.key == "study-as-instructor"]


def kept_profile(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """One that calls everything T, where there are no films but samples."""
    monkeypatch.delenv("CXR_DATA")
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    site = profile(cxr.load(models / "room"), threshold=-1000.0)
    store.save(site)
    return site


def test_a_link_to_samples_is_read_as_shipped_under_a_profile_too(
    place: Path, room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = kept_profile(room[1], tmp_path, monkeypatch)
    at = click(opened(), "study-samples")
    at.number_input(key="study-films").set_value(4).run()
    sent = dict(parse_qsl(urlsplit(at.code[0].value).query))
    at = appwalk.opened("study", sent, reader="B. Reader", hospital=site.identity)
    assert at.sidebar.selectbox(key="hospital").value == site.identity
    assert "as shipped, not by the profile of Drawn" in text(at).replace("\\", "")
    click(at, "study-begin")
    assert at.session_state[setup.PLAN].study == sent["study"]
    assert "Film 1 of 4 · alone" in text(at)


def test_under_a_profile_it_is_said_how_a_link_comes_about(
    place: Path, room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = kept_profile(room[1], tmp_path, monkeypatch)
    at = opened()
    at.sidebar.selectbox(key="hospital").set_value(site.identity).run()
    click(at, "study-samples")
    assert "pick “Another hospital”" in text(at)
