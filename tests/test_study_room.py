"""The reader study without a browser: it is announced, both reads are kept, figures come last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import appwalk
import pytest
from appwalk import click, full_screen, listed, plates, running, text, wait
from reviewroom import make_own
from sites import profile
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

import cxr
from cxr.errors import UnreadableFile
from cxr.imaging.radiograph import Radiograph
from cxr.site_profiles import store
from cxr.study.answers import Answer, Answers
from cxr.study.plan import Plan
from ui.session import reload
from ui.study import setup

PAGE = str(Path(__file__).parents[1] / "pages" / "study.py")
BARS = 'class="cxr-bars"'


@pytest.fixture
def place(
    room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The settings of an app with the room's films; where answers are kept."""
    monkeypatch.setenv("CXR_MODELS", str(room[1]))
    monkeypatch.setenv("CXR_DATA", str(room[0]))
    monkeypatch.setenv("CXR_STUDY", str(tmp_path / "study.sqlite3"))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    appwalk.forget()
    yield tmp_path / "study.sqlite3"
    appwalk.forget()


def opened(reader: str = "A. Reader") -> AppTest:
    named = {"reader": reader} if reader else {}
    return appwalk.opened("study", **named)


def begun(films: int = 4, **more: str) -> AppTest:
    at = opened(**more)
    at.number_input(key="study-films").set_value(films)
    return click(at, "study-begin")


def said(at: AppTest, read: str, sure: int = 3) -> AppTest:
    """Answer the question that is asked."""
    keep = keeper(at).key
    form = keep.removeprefix("study-keep-")
    whose = {"form": form, "reader": at.session_state["reader"]}
    at.session_state["study_draft"] = {**whose, "read": read, "confidence": sure}
    at.run()
    return click(at, keep)


def keeper(at: AppTest) -> Button:
    (found,) = (b for b in at.button if b.key and b.key.startswith("study-keep-"))
    return found


def test_what_is_asked_of_the_reader_is_said_first(place: Path) -> None:
    at = opened(reader="")
    rules = at.markdown[0].value
    assert "On 20 % of the films the call that is shown is wrong on purpose." in rules
    assert cxr.NOTICE in text(at)
    assert not [b for b in at.button if b.key == "study-begin"]  # no name, no study
    at = opened()
    assert at.button(key="study-begin").label.startswith("I know that some calls are wrong")
    at.number_input(key="study-share").set_value(0).run()
    assert "On none of the films" in at.markdown[0].value
    assert at.button(key="study-begin").label == "Begin"


def told(at: AppTest, place: Path, reader: str, first: int = 0) -> Plan:
    """Keep both reads of the films from `first` on, as right as can be and then as called."""
    plan: Plan = at.session_state[setup.PLAN]
    store = Answers(place)
    for case in plan.cases[first:]:
        for stage, read in (("alone", case.truth), ("aided", case.advice)):
            about = (plan.study, plan.bundle, reader, *astuple(case))
            store.keep(Answer(*about, stage, read, 4))
    return plan


def test_each_film_is_read_alone_and_then_with_the_call(place: Path) -> None:
    at = begun()
    case = at.session_state[setup.PLAN].cases[0]
    assert "Film 1 of 4 · alone" in text(at)
    assert "The call shown" not in text(at)
    assert [plate["title"] for plate in plates(at)] == ["The film"]
    assert full_screen(at) == f"Film 1 of 4 · alone\n{cxr.NOTICE}", "nothing of the call"
    at = said(at, case.truth, 4)
    assert "Film 1 of 4 · with the call" in text(at)
    assert f"<b>{case.advice}</b>" in text(at)
    assert full_screen(at).startswith(f"Film 1 of 4 · with the call {case.advice}\n")
    assert f"Alone you said {case.truth}, sure." in text(at)
    at = said(at, case.advice, 5)
    assert "Film 2 of 4 · alone" in text(at)
    assert "call" not in full_screen(at)
    assert "The call shown" not in text(at)
    plan = told(at, place, "A. Reader", first=1)
    at.run()
    kept = Answers(place).of(plan.study)
    assert [a.stage for a in kept] == ["alone", "aided"] * 4
    assert [a.read for a in kept] == [x for c in plan.cases for x in (c.truth, c.advice)]
    seeded = sum(case.seeded for case in plan.cases)
    assert f"{seeded} of {seeded}" in text(at)
    assert "wrong on purpose" in text(at)
    assert at.get("download_button")
    assert setup.PLAN not in click(at, "study-again").session_state


def test_nothing_is_kept_before_label_and_confidence(place: Path) -> None:
    at = begun()
    keep = keeper(at)
    assert keep.disabled
    form = keep.key.removeprefix("study-keep-")
    click(at, f"study-read-N-{form}")
    assert at.button(key=keep.key).disabled
    click(at, f"study-confidence-2-{form}")
    assert not at.button(key=keep.key).disabled


def test_two_quick_keys_are_both_heard_and_the_last_choice_is_kept(place: Path) -> None:
    at = begun()
    keep = keeper(at).key
    form = keep.removeprefix("study-keep-")
    at.button(key=f"study-read-N-{form}").click()
    click(at, f"study-confidence-3-{form}")
    assert not keeper(at).disabled
    at.button(key=f"study-read-T-{form}").click()
    click(at, keep)
    (row,) = Answers(place).of(at.session_state[setup.PLAN].study)
    assert (row.read, row.confidence) == ("T", 3)


def test_the_next_reader_is_asked_and_finds_nothing_chosen(place: Path) -> None:
    at = begun()
    form = keeper(at).key.removeprefix("study-keep-")
    click(at, f"study-read-N-{form}")
    click(at, "study-stop")
    click(at, "reader-change")
    at.text_input(key="reader-name").set_value("B. Reader")
    next(button for button in at.button if button.label == "Begin").click().run()
    assert not at.exception
    assert keeper(at).disabled
    assert at.button(key=f"study-read-N-{form}").proto.type == "secondary"


def test_who_stops_is_told_nothing_and_goes_on_where_he_was(place: Path) -> None:
    other = begun(reader="B. Reader")
    told(other, place, "B. Reader")
    at = begun()
    plan = at.session_state[setup.PLAN]
    at = said(at, plan.cases[0].truth, 4)
    click(at, "study-stop")
    assert "Stopped at film 1 of 4" in text(at)
    assert not at.get("download_button")
    assert not at.get("button_group")
    assert "Wrong calls" not in text(at)
    click(at, "study-go-on")
    assert "Film 1 of 4 · with the call" in text(at)


def test_a_reload_goes_on_with_the_film(place: Path) -> None:
    at = begun()
    case = at.session_state[setup.PLAN].cases[0]
    at = said(at, case.truth)
    held = dict(reload._TABS[at.session_state["tab"]])
    again = appwalk.opened("study", **{key: held[key] for key in held if key != "model"})
    assert "Film 1 of 4 · with the call" in text(again)


def test_a_study_begun_after_one_that_was_stopped_is_asked(place: Path) -> None:
    at = begun()
    click(at, "study-stop")
    at.session_state[setup.PLAN] = replace(at.session_state[setup.PLAN], bundle="0" * 64)
    at.run()
    click(at, "study-begin")
    assert keeper(at)


def test_whoever_comes_back_goes_on_and_sees_the_others_only_at_the_end(place: Path) -> None:
    other = begun(reader="B. Reader")
    plan = told(other, place, "B. Reader")
    Answers(place).keep(replace(Answers(place).of(plan.study)[0], reader="A. Reader"))
    again = begun()
    assert "Film 1 of 4 · with the call" in text(again)
    told(again, place, "A. Reader")
    again.run()
    (whose,) = (e.proto for e in again.get("button_group") if "study-whose" in e.proto.id)
    assert [option.content for option in whose.options] == ["Your answers", "All 2 readers"]


def test_without_films_it_says_what_to_do(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXR_DATA")
    at = opened()
    assert "No film here has a known label" in text(at)
    assert at.button(key="study-begin").disabled
    at = click(at, "study-samples")
    # The room's model knows N and T; of the samples' labels N is one.
    assert "films to choose from" in text(at)


def test_it_shows_nothing_without_the_frame() -> None:
    page = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_calls_go_by_the_picked_profile_or_it_is_said_that_they_do_not(
    place: Path, room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    model = cxr.load(room[1] / "room")
    site = profile(model, threshold=-1000.0)
    store.save(site)
    at = opened()
    assert "as shipped" not in text(at)
    at.sidebar.selectbox(key="hospital").set_value(site.identity).run()
    assert "not by the profile of Drawn hospital" in text(at), "the model’s own films"
    monkeypatch.delenv("CXR_DATA")
    click(at.run(), "study-samples")
    assert "go by the profile of Drawn hospital" in text(at)
    click(at, "study-begin")
    plan = at.session_state[setup.PLAN]
    assert {case.advice for case in plan.cases if not case.seeded} == {"T"}
    for page in ("pages/metrics.py", "pages/review.py"):
        at.switch_page(page).run()
        assert not at.exception
        assert "as shipped, not by the profile of Drawn" in text(at).replace("\\", "")


def test_films_of_one_s_own_folder_are_called_by_the_profile(
    place: Path, room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    model = cxr.load(room[1] / "room")
    site = profile(model, threshold=-1000.0)
    store.save(site)
    at = opened()
    at.sidebar.selectbox(key="hospital").set_value(site.identity).run()
    wait(lambda: not running(at))
    at.run()
    assert "6 films to choose from: 3 N, 3 T" in text(at).replace("\\", "")
    assert "go by the profile of Drawn hospital" in text(at)
    click(at, "study-begin")
    plan = at.session_state[setup.PLAN]
    assert {case.advice for case in plan.cases if not case.seeded} == {"T"}


def test_a_study_is_sent_as_a_link(place: Path) -> None:
    at = opened()
    at.number_input(key="study-films").set_value(4)
    at.number_input(key="study-share").set_value(25).run()
    (address,) = (code.value for code in at.code)
    sent = dict(parse_qsl(urlsplit(address).query))
    at = click(at, "study-begin")
    assert sent["study"] == at.session_state["study_plan"].study

    reader = appwalk.opened("study", sent, reader="B. Reader")
    assert "4 films, as they were chosen for you" in reader.markdown[1].value
    assert not reader.number_input
    assert "On 25 % of the films" in reader.markdown[0].value
    reader = click(reader, "study-begin")
    assert reader.session_state["study_plan"] == at.session_state["study_plan"]


def test_a_link_to_another_study_is_refused(place: Path) -> None:
    sent = {"films_from": "table", "films": "4", "share": "20", "seed": "1"}
    sent |= {"study": "0" * 16, "model": "room"}
    at = click(appwalk.opened("study", sent, reader="B. Reader"), "study-begin")
    assert "is not the study that was sent" in at.info[0].value
    at = click(at, "study-own")
    assert at.number_input(key="study-films")


def test_what_no_study_can_be_is_no_link(place: Path) -> None:
    sent = {"films_from": "elsewhere", "films": "4", "share": "20", "seed": "1"}
    sent |= {"study": "0" * 16, "model": "room"}
    for wrong in ({}, {"films_from": "table", "films": "-1"}, {"share": "x"}):
        at = appwalk.opened("study", {**sent, **wrong}, reader="B. Reader")
        assert at.number_input(key="study-films")


def test_several_readers_are_told_reader_by_reader_and_film_by_film(place: Path) -> None:
    for name, read in (("A. Reader", "N"), ("B. Reader", "T")):
        at = begun(reader=name)
        for _ in range(8):
            at = said(at, read)
    at = at.segmented_control(key="study-whose").set_value("All 2 readers").run()
    told = text(at)
    assert "Reader by reader" in told
    assert "Film by film" in told
    plan = at.session_state["study_plan"]
    right = sum(case.truth == "N" for case in plan.cases)
    assert f"<td>A. Reader</td><td>4</td><td>{right}</td><td>{right}</td>" in told


def go(at: AppTest, page: str) -> AppTest:
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
    return at


def begun_on_samples(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.delenv("CXR_DATA")
    at = click(opened(), "study-samples")
    at.number_input(key="study-films").set_value(4)
    return click(at, "study-begin")


def test_films_of_an_unfinished_study_tell_nothing_on_read_and_in_the_lab(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun_on_samples(monkeypatch)
    plan: Plan = at.session_state[setup.PLAN]
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


def named(at: AppTest, reader: str) -> AppTest:
    """Another reader in the same session."""
    click(at, "reader-change")
    at.text_input(key="reader-name").set_value(reader)
    next(button for button in at.button if button.label == "Begin").click().run()
    assert not at.exception
    return at


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


def test_a_study_whose_films_cannot_be_shown_ends_without_figures(place: Path) -> None:
    at = begun()
    for number in range(4):
        unreadable(at, number)
    at.run()
    for _ in range(4):
        click(at, "study-skip")
    assert "4 films could not be shown" in text(at)
    assert "No film has been read both ways" in text(at)
