"""The reader study without a browser: it is announced, both reads are kept, figures come last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import appwalk
import pytest
from appwalk import click, full_screen, plates, running, text, wait
from films import film, png
from reviewroom import make_own
from sites import profile
from streamlit.testing.v1 import AppTest
from studypage import PAGE, begun, keeper, opened, said, told

import cxr
from cxr.site_profiles import store
from cxr.study.answers import Answers
from ui.session import reload
from ui.session.films import Film
from ui.session.hospitals import KNOWN
from ui.study import room, setup


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


def test_where_read_calls_nothing_the_call_says_so(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside every call, also those that are wrong on purpose: it gives none of them away."""
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    at = opened()
    wait(lambda: not running(at))
    assert "worth in the hospital of all of these films" in text(at.run())
    click(at, "study-begin")
    for _ in at.session_state[setup.PLAN].cases:
        assert room.UNCALLED not in text(at), "nothing of the call before the first answer"
        assert room.UNCALLED in text(said(at, "N"))
        at = said(at, "N")
    at = opened("B. Reader")
    at.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert "Nobody knows" not in text(at)
    click(at, "study-begin")
    assert room.UNCALLED not in text(said(at, "N"))


def test_a_film_of_the_session_is_called_as_where_it_is_from(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    monkeypatch.delenv("CXR_DATA")
    at = click(opened(), "study-samples")
    assert "Nobody knows" not in text(at), "samples are of a hospital that it knows"
    first = next(each for each in at.session_state["films"].values() if each.label == "N")
    upload = Film(99, "own.png", png(film(300, 260)), "0" * 64, "T")
    at.session_state["films"] = {first.number: first, 99: upload}
    at.run()
    assert "worth in the hospital of 1 of these films" in text(at)


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
