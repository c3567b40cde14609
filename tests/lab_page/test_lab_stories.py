"""Stories: kept, played and refused."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from appwalk import FILM, click, full_screen, opened, plates, text, titles
from labpage import Hand, changes, draw, finish, view
from streamlit.testing.v1 import AppTest

import cxr
from cxr.explain import overlay
from cxr.model.bundle import MANIFEST
from cxr.teaching.story import MAX_FILMS, MAX_STEPS, Story, StoryStep
from ui.lab import player
from ui.session import studies
from ui.session.films import Change


def test_a_story_that_ships_is_played(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    at = opened("lab")
    click(at, "story-2-marker")
    assert "A drawn chest" in text(at)
    assert "by the network marker" in text(at)
    seen = []
    for _ in range(4):
        seen.append(titles(at))
        at = at.button[1].click().run()  # Next
        assert not at.exception
    assert changes(at)
    assert titles(at) == ["Film", "What the network sees"]
    before, after, _ = full_screen(at).splitlines()
    assert after.startswith("Then ")
    assert after.removeprefix("Then ") != before
    at.button[1].click().run()
    finish(at)
    assert titles(at) == [overlay.title(method, "opacity") for method in ("gradcam", "occlusion")]
    assert at.button[0].label == "Previous"
    click(at, "story-leave")
    assert at.button(key="take-phantom-clear")


def test_views_are_kept_as_a_story_and_played(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 65, 75, 65, 75)
    wanted = changes(lab)
    lab.text_area(key="story-caption").set_value("What happens here?")  # not told by itself
    click(lab, "story-keep-regions")
    assert lab.text_area(key="story-caption").value == ""
    view(lab, "Input")
    lab.select_slider[-1].set_value(15).run()
    click(lab, "story-keep-input")
    click(lab, "story-keep-scores")
    click(lab, "story-out-3-2")
    hand.region = None
    click(lab, "story-play")
    assert "What happens here?" in text(lab)
    assert changes(lab) == wanted
    lab.button[1].click().run()
    assert titles(lab) == ["As filed", "Square · 64 × 64"]
    assert "→" in text(lab)
    click(lab, "story-leave")
    assert titles(lab) == ["As filed", "Square · 64 × 64"]


def test_a_double_click_keeps_a_view_once(lab: AppTest, pressed_twice: None) -> None:
    lab.text_area(key="story-caption").set_value("What happens here?")
    click(lab, "story-keep-scores")
    ((step, _),) = made = lab.session_state["story_kept"]
    assert step.caption == "What happens here?"
    made *= MAX_STEPS - 1
    lab.run()
    click(lab, "story-keep-scores")
    assert len(made) == MAX_STEPS
    assert lab.button(key="story-keep-scores").disabled
    made[:] = [(replace(step, film=str(number)), b"") for number in range(MAX_FILMS)]
    lab.run()
    assert lab.button(key="story-keep-scores").disabled, "it could not be opened again"
    assert "No more fits" in text(lab)


def test_a_double_click_takes_one_view_out(lab: AppTest) -> None:
    for caption in ("one", "two", "three"):
        lab.text_area(key="story-caption").set_value(caption)
        click(lab, "story-keep-scores")
    again = lab.button(key="story-out-3-0")._widget_state
    click(lab, "story-out-3-0")
    states = lab._tree.get_widget_states()
    again.trigger_value = True
    states.widgets.append(again)
    lab._run(states)
    assert not lab.exception
    assert [step.caption for step, _ in lab.session_state["story_kept"]] == ["two", "three"]


@pytest.mark.parametrize("model", ["../../elsewhere", "broken"])
def test_a_story_of_a_model_that_cannot_be_used_says_so(
    lab: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr(player, "FOLDER", tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / MANIFEST).write_text("{}")
    step = StoryStep("one", "Look.", model=model)
    lab.session_state["story"] = Story("A story", "", (step,), {"one": FILM})
    lab.session_state["story_place"] = 0
    lab.run()
    assert "which is not here or cannot be used" in lab.info[0].value
    assert not plates(lab)


def test_a_story_with_a_film_of_an_unfinished_study_waits(lab: AppTest) -> None:
    click(lab, "story-keep-scores")
    click(lab, "story-play")
    click(lab, "story-present")
    assert plates(lab)
    lab.session_state[studies.HELD] = {"0" * 16: frozenset({sha256(FILM).hexdigest()})}
    lab.run()
    assert not lab.exception
    assert "This story is not played: it shows a film of a reader study" in lab.info[0].value
    assert not plates(lab)
    assert 'class="cxr-bars' not in text(lab)
    assert [button.key for button in lab.button] == ["story-leave"]
    lab.session_state[studies.HELD] = {"0" * 16: frozenset({"0" * 64})}
    lab.run()
    assert plates(lab)
    lab.session_state[studies.HELD] = {"0" * 16: frozenset({sha256(FILM).hexdigest()})}
    click(lab.run(), "story-leave")
    assert "belongs to a reader study" in text(lab)


def test_a_file_that_is_no_story_is_refused(lab: AppTest) -> None:
    lab.file_uploader(key="story-file-0").set_value(("story.zip", b"no zip", "application/zip"))
    lab.run()
    assert "not\\_a\\_story" in lab.info[0].value


def test_steps_change_places_and_words(lab: AppTest) -> None:
    for caption in ("one", "two", "three"):
        lab.text_area(key="story-caption").set_value(caption)
        click(lab, "story-keep-scores")

    def captions() -> list[str]:
        return [step.caption for step, _ in lab.session_state["story_kept"]]

    click(lab, "story-down-0-0")
    assert captions() == ["two", "one", "three"]
    assert lab.text_area(key="story-caption-1-0").value == "two"
    assert lab.button(key="story-up-1-0").disabled
    lab.text_area(key="story-caption-1-1").set_value("in other words").run()
    assert captions() == ["two", "in other words", "three"]
    click(lab, "story-up-1-2")
    assert captions() == ["two", "three", "in other words"]
    assert lab.text_area(key="story-caption-2-2").value == "in other words"


def test_a_story_is_presented_and_a_copy_of_it_edited(lab: AppTest) -> None:
    lab.text_area(key="story-caption").set_value("one")
    click(lab, "story-keep-scores")
    click(lab, "story-play")
    click(lab, "story-present")
    assert not [button for button in lab.button if button.key == "story-edit"]
    assert any("stSidebar" in each.value for each in lab.get("html"))
    assert cxr.NOTICE in text(lab)
    click(lab, "story-end")
    click(lab, "story-edit")
    assert [step.caption for step, _ in lab.session_state["story_kept"]] == ["one", "one"]
    assert lab.text_area(key="story-caption-0-1").value == "one"


def test_a_changed_film_goes_into_no_story(lab: AppTest) -> None:
    assert not lab.button(key="story-keep-scores").disabled
    (film,) = lab.session_state["films"].values()
    lab.session_state["films"][film.number] = replace(film, change=Change(turns=1))
    lab.session_state["readings"].clear()
    lab.run()
    assert not lab.exception
    assert lab.button(key="story-keep-scores").disabled
    assert "this one is turned 90°" in text(lab)
