"""The lab page without a browser: its tries, its methods, its words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from films import film, png
from streamlit.testing.v1 import AppTest
from test_app import accepted, click, listed, plates, running, text, titles, upload, wait

import cxr
from cxr.explain import box_effects, faithfulness, make_map, patch_boxes, sanity
from cxr.stability import CHANGES, Stability, stability
from ui.lab import methods, regions
from ui.lab.stability import strip
from ui.lab.words import plain_number, signed
from ui.viewer import Region
from ui.viewer.wire import shrunk
from ui.words import score

FILM = png(film(300, 260))
OTHER = png(film(200, 260))
PAGE = str(Path(__file__).parents[1] / "pages" / "lab.py")


@pytest.fixture(autouse=True)
def _own_desk() -> Iterator[None]:
    """Streamlit's tests all run as one session, which would share its cache."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


class Hand:
    """Draws what a reader would: the viewer gives its last region until another is drawn."""

    def __init__(self, show: Callable[..., Region | None]) -> None:
        self._show = show
        self.region: Region | None = None

    def __call__(self, *args: Any, **more: Any) -> Region | None:
        self._show(*args, **more)
        return self.region

    def box(self, x: float, y: float, width: float, height: float, plate: int = 0) -> None:
        serial = self.region.serial + 1 if self.region else 1
        self.region = Region(plate, "box", (x, y, width, height), (), 0.0, serial)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    drawing = Hand(regions.viewer)
    monkeypatch.setattr(regions, "viewer", drawing)
    return drawing


@pytest.fixture
def lab(phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch, hand: Hand) -> AppTest:
    """The lab with one film, one model, labels N and T."""
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    monkeypatch.delenv("CXR_DATA", raising=False)
    at = accepted().switch_page("pages/lab.py").run()
    assert not at.exception
    return upload(at, ("a.png", FILM))


def effects(at: AppTest) -> dict[str, str]:
    return dict(re.findall(r'aria-label="(\S+) \S+ → \S+, Δp (\S+)"', text(at)))


def draw(at: AppTest, hand: Hand, *box: float, plate: int = 0) -> None:
    hand.box(*box, plate=plate)
    at.run()
    assert not at.exception


def test_it_begins_with_a_film_to_choose(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    at = accepted().switch_page("pages/lab.py").run()
    assert not at.exception
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
    assert titles(lab) == ["Film", "What the network sees"]
    for label in ("N", "T"):
        wanted = box_effects(phantom_model, cxr.read(FILM), label, [(top, left, bottom, right)])
        assert effects(lab)[label] == signed(wanted[0])


def test_the_trail_stays_and_each_try_can_be_taken_back(lab: AppTest, hand: Hand) -> None:
    found = []
    for place in (20, 90, 160):
        draw(lab, hand, place, place, 60, 60)
        found.append(effects(lab))
    assert len({tuple(each.values()) for each in found}) == 3
    assert lab.radio(key="try").options == ["1 · box", "2 · box", "3 · box"]
    lab.radio(key="try").set_value(1).run()
    assert effects(lab) == found[1]
    click(lab, "take-back")
    assert len(lab.radio(key="try").options) == 2
    assert effects(lab) == found[2]
    click(lab, "take-back")
    assert effects(lab) == found[0]
    click(lab, "take-back")
    assert not effects(lab)
    assert titles(lab) == ["Film"]


def test_a_run_of_the_page_does_not_try_the_same_region_again(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 50, 50, 60, 60)
    lab.run()
    assert len(lab.radio(key="try").options) == 1


def test_a_region_can_be_added_to_the_last(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 20, 20, 60, 60)
    first = effects(lab)
    lab.toggle(key="lab-add").set_value(True).run()
    draw(lab, hand, 20, 20, 60, 60)
    assert lab.radio(key="try").options == ["1 · box", "2 · box + box"]
    assert effects(lab) == first  # the same region twice is that region
    draw(lab, hand, 150, 150, 80, 80)
    assert effects(lab) != first
    click(lab, "take-all-back")
    assert not effects(lab)


def test_a_region_may_be_drawn_on_what_the_network_sees(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 65, 75, 65, 75)
    first = effects(lab)
    seen = plates(lab)[1]
    assert (seen["width"], seen["height"]) == (222, 256)
    draw(lab, hand, 222 / 4, 256 / 4, 222 / 4, 256 / 4, plate=1)
    assert effects(lab) == first


def test_the_fill_can_be_chosen_and_says_what_the_network_makes_of_it(
    lab: AppTest, hand: Hand
) -> None:
    draw(lab, hand, 50, 50, 120, 150)
    found, alone = [], []
    for fill in ("blur", "mean", "noise", "black"):
        lab.segmented_control(key="lab-fill").set_value(fill).run()
        found.append(tuple(effects(lab).values()))
        alone.append(re.findall(r"<p>(N \S+, T \S+)</p>", text(lab))[0])
    assert len(set(found)) > 1
    assert len(set(alone)) > 1


def test_each_film_has_a_trail_of_its_own(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 50, 50, 60, 60)
    hand.region = None  # the viewer gives none for a film that it does not show
    upload(lab, ("b.png", OTHER))
    assert not effects(lab)
    listed(lab).set_value(1).run()
    assert effects(lab)


def view(at: AppTest, name: str) -> None:
    """Go to a view and stay until its work is done."""
    at.segmented_control(key="lab-view").set_value(name).run()
    finish(at)


def finish(at: AppTest) -> None:
    wait(lambda: not running(at))
    while True:
        at.run()
        assert not at.exception
        if not any(button.key == "lab-cancel" for button in at.button):
            return
        wait(lambda: not running(at))


def table(at: AppTest, place: int) -> list[list[str]]:
    """Cells of a table of the page."""
    body = re.findall(r"<table.*?</table>", text(at), re.DOTALL)[place]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_methods_stand_side_by_side_with_their_evidence(
    lab: AppTest, phantom_model: cxr.Classifier
) -> None:
    view(lab, "Methods")
    read = cxr.read(FILM)
    label = phantom_model.predict([read])[0].label
    assert titles(lab) == [f"{label} · Grad-CAM", f"{label} · Occlusion"]
    _, *rows = table(lab, 0)
    assert [row[0] for row in rows] == ["Grad-CAM", "Occlusion"]
    for row, method in zip(rows, ("gradcam", "occlusion"), strict=True):
        values = shrunk(make_map(phantom_model, read, label, method))
        tested = faithfulness(phantom_model, read, label, values)
        twins = sanity(phantom_model, read, label, method, values)
        assert row[1:4] == [
            tested.word,
            plain_number(tested.own.gain),
            plain_number(tested.centre.gain),
        ]
        assert row[5:] == [
            f"{tested.chance:.0%}",
            twins.word,
            plain_number(twins.ssim),
            plain_number(twins.rank),
        ]
    first, second = table(lab, 1)[1:]
    assert first[2] == second[1] != ""
    lab.toggle(key="lab-twins").set_value(True).run()
    assert [title.split(":")[0] for title in titles(lab)] == [
        f"{label} · {title}, shuffled weights" for title in ("Grad-CAM", "Occlusion")
    ]


def test_long_work_can_be_stopped_and_gone_on_with(
    lab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(*_: object, progress: Callable[[float], bool]) -> None:
        while progress(0.3):
            begun.set()
        raise cxr.Cancelled

    with monkeypatch.context() as slow:
        slow.setattr(methods, "make_map", endless)
        lab.segmented_control(key="lab-view").set_value("Methods").run()
        assert begun.wait(60)
        assert all(plate["dim"] for plate in plates(lab))
        click(lab, "lab-cancel")
        wait(lambda: not running(lab))
        assert "Stopped: Grad-CAM" in text(lab)
    click(lab, "lab-go-on")
    finish(lab)
    assert not any(plate["dim"] for plate in plates(lab))


def test_a_method_that_refuses_says_why_and_the_others_go_on(
    lab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(model: Any, film: Any, label: str, method: str, **more: Any) -> Any:
        if method == "gradcam":
            raise cxr.ExplainError("no_convolution", "There is no map here.")
        return make_map(model, film, label, method, **more)

    monkeypatch.setattr(methods, "make_map", picky)
    view(lab, "Methods")
    assert "There is no map here" in lab.info[0].value
    assert [row[0] for row in table(lab, 0)[1:]] == ["Occlusion"]


def test_the_strip_says_whether_the_score_holds(
    lab: AppTest, phantom_model: cxr.Classifier
) -> None:
    view(lab, "Stability")
    found = stability(phantom_model, cxr.read(FILM))
    assert f"<b>{found.word}</b>" in text(lab)
    assert score(found.move) in text(lab)
    wanted = [score(edge(found.of("jpeg", "T"))) for edge in (min, max)]
    assert f'aria-label="JPEG 95–50: T {wanted[0]} to {wanted[1]}"' in text(lab)


def test_the_strip_names_the_changes_that_give_another_class() -> None:
    was = {"N": 0.4, "T": 0.6}
    other = {"N": 0.55, "T": 0.45}
    found = Stability(was, {(kind, 1.0): was for kind in CHANGES} | {("gamma", 1.0): other})
    said = strip(found)
    assert "1 of 5 changes give another class: Gamma." in said
    assert "moves by up to .15" in said
    assert "<b>unstable</b>" in said


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
