"""Regions drawn on a film, and what hiding them does to its scores."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from appwalk import FILM, OTHER, click, full_screen, opened, pick, plates, text, titles, upload
from labpage import PAGE, Hand, changes, draw, view
from sites import profile, some_head
from streamlit.testing.v1 import AppTest

import cxr
from cxr.explain import box_effects, patch_boxes
from cxr.site_profiles import store
from ui.base.formatting import score
from ui.lab.words import plain_number, signed
from ui.session import hospitals


def test_it_begins_with_a_film_to_choose(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    at = opened("lab")
    assert at.button(key="take-phantom-clear")
    assert cxr.NOTICE in text(at)


def test_it_shows_nothing_without_the_frame() -> None:
    page = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_a_refused_film_says_why(lab: AppTest) -> None:
    upload(lab, ("b.txt", b"no film, but text"))
    assert "not\\_an\\_image" in lab.info[0].value
    assert not plates(lab)


def test_a_region_moves_the_scores_by_the_occlusion_map_s_value(
    lab: AppTest, hand: Hand, phantom_model: cxr.Classifier
) -> None:
    assert titles(lab) == ["Film"]
    assert lab.button(key="take-back").disabled
    top, left, bottom, right = patch_boxes(64, 16, 8)[20]
    across, down = 260 / 64, 300 / 64
    box = (left * across, top * down, (right - left) * across, (bottom - top) * down)
    draw(lab, hand, *box)
    speaks = "orange speaks for the class, blue against it"
    assert titles(lab) == [f"Film: {speaks}", "What the network sees"]
    for label in ("N", "T"):
        wanted = box_effects(phantom_model, cxr.read(FILM), label, [(top, left, bottom, right)])
        assert changes(lab)[label] == signed(-wanted[0]), "falls where the map is above 0"


def test_a_region_moves_the_scores_that_the_hospital_s_head_gives(
    hand: Hand,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    monkeypatch.setenv("CXR_SITES", str(tmp_path))
    monkeypatch.delenv("CXR_DATA", raising=False)
    site = profile(phantom_model, some_head(phantom_model))
    store.save(site)
    at = upload(opened("lab"), ("a.png", FILM))
    cell = patch_boxes(64, 16, 8)[20]
    top, left, bottom, right = cell
    box = (left * 260 / 64, top * 300 / 64, (right - left) * 260 / 64, (bottom - top) * 300 / 64)
    found = {}
    for picked, model in (
        (hospitals.OTHER, phantom_model),
        (site.identity, phantom_model.at(site)),
    ):
        at.selectbox(key="hospital").set_value(picked).run()
        draw(at, hand, *box)
        found[picked] = changes(at)
        for label in ("N", "T"):
            (wanted,) = box_effects(model, cxr.read(FILM), label, [cell])
            assert found[picked][label] == signed(-wanted)
    assert found[hospitals.OTHER] != found[site.identity]


def test_the_trail_stays_and_each_try_can_be_taken_back(lab: AppTest, hand: Hand) -> None:
    found = []
    for place in (20, 90, 160):
        draw(lab, hand, place, place, 60, 60)
        found.append(changes(lab))
    assert len({tuple(each.values()) for each in found}) == 3
    assert lab.radio(key="try").options == ["1 · box", "2 · box", "3 · box"]
    lab.radio(key="try").set_value(1).run()
    assert changes(lab) == found[1]
    click(lab, "take-back")
    assert len(lab.radio(key="try").options) == 2
    assert changes(lab) == found[2]
    click(lab, "take-back")
    assert changes(lab) == found[0]
    click(lab, "take-back")
    assert not changes(lab)
    assert titles(lab) == ["Film"]


def test_a_run_of_the_page_does_not_try_the_same_region_again(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 50, 50, 60, 60)
    lab.run()
    assert len(lab.radio(key="try").options) == 1


def test_a_region_can_be_added_to_the_last(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 20, 20, 60, 60)
    first = changes(lab)
    lab.toggle(key="lab-add").set_value(True).run()
    draw(lab, hand, 20, 20, 60, 60)
    assert lab.radio(key="try").options == ["1 · box", "2 · box + box"]
    assert changes(lab) == first  # the same region twice is that region
    draw(lab, hand, 150, 150, 80, 80)
    assert changes(lab) != first
    click(lab, "take-all-back")
    assert not changes(lab)


def test_a_region_may_be_drawn_on_what_the_network_sees(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 65, 75, 65, 75)
    first = changes(lab)
    seen = plates(lab)[1]
    assert (seen["width"], seen["height"]) == (222, 256)
    draw(lab, hand, 222 / 4, 256 / 4, 222 / 4, 256 / 4, plate=1)
    assert changes(lab) == first


def test_the_fill_can_be_chosen_and_says_what_the_network_makes_of_it(
    lab: AppTest, hand: Hand
) -> None:
    draw(lab, hand, 50, 50, 120, 150)
    found, alone = [], []
    for fill in ("blur", "mean", "noise", "black"):
        lab.segmented_control(key="lab-fill").set_value(fill).run()
        found.append(tuple(changes(lab).values()))
        alone.append(re.findall(r"<p>(N \S+, T \S+)</p>", text(lab))[0])
    assert len(set(found)) > 1
    assert len(set(alone)) > 1


def test_each_film_has_a_trail_of_its_own(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 50, 50, 60, 60)
    hand.region = None  # the viewer gives none for a film that it does not show
    upload(lab, ("b.png", OTHER))
    assert not changes(lab)
    pick(lab, 1)
    assert changes(lab)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.2634, "+.263"), (-0.012, "−.012"), (0.0004, "0"), (-0.0004, "0"), (1.0, "+1.000")],
)
def test_a_difference_is_written_with_its_sign(value: float, shown: str) -> None:
    assert signed(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.263, ".26"), (-0.03, "−.03"), (1.0, "1.00"), (-0.001, ".00")]
)
def test_a_number_has_no_leading_nought(value: float, shown: str) -> None:
    assert plain_number(value) == shown


@pytest.mark.parametrize("name", ["Regions", "Methods", "Layers", "Input", "Stability"])
def test_full_screen_shows_name_scores_and_notice(
    lab: AppTest, phantom_model: cxr.Classifier, name: str
) -> None:
    p = phantom_model.predict([cxr.read(FILM)])[0].probabilities
    view(lab, name)
    first, *_, scores, notice = full_screen(lab).splitlines()
    assert first == "a.png"
    assert scores == " · ".join(f"{label} {score(value)}" for label, value in p.items())
    assert notice == cxr.NOTICE


def test_full_screen_shows_what_the_scores_become(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 65, 75, 65, 75)
    *_, whole, hidden, _ = full_screen(lab).splitlines()
    assert hidden.startswith("Hidden: ")
    assert hidden.removeprefix("Hidden: ") != whole
