"""The lab page without a browser: its tries, its methods, its words."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from films import film, png
from streamlit.testing.v1 import AppTest
from test_app import accepted, click, listed, plates, running, text, titles, upload, wait

import cxr
from cxr.bundle import MANIFEST
from cxr.channels import activation, shares
from cxr.explain import box_effects, faithfulness, make_map, patch_boxes, sanity
from cxr.explain.agreement import compare_fills
from cxr.layers import answers
from cxr.map_stability import map_stability
from cxr.stability import CHANGES, Stability, stability
from cxr.steps import Way, scores
from cxr.story import Step, Story
from ui import map_work
from ui.lab import layers, player, regions
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
        if not any(button.key == "cancel" for button in at.button):
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


def test_the_fills_are_compared_when_asked(lab: AppTest, phantom_model: cxr.Classifier) -> None:
    assert "Rank correlation" not in text(lab)
    lab.toggle(key="lab-fills").set_value(True).run()
    finish(lab)
    read = cxr.read(FILM)
    label = phantom_model.predict([read])[0].label
    rank = compare_fills(phantom_model, read, label).rank
    head, *rows = table(lab, 0)
    assert head[1:] == ["Blur", "Mean", "Noise", "Black"]
    for i, row in enumerate(rows):
        assert row[1:] == ["" if i == j else plain_number(rank[i, j]) for j in range(4)]


def test_long_work_can_be_stopped_and_gone_on_with(
    lab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(*_: object, progress: Callable[[float], bool]) -> None:
        while progress(0.3):
            begun.set()
        raise cxr.Cancelled

    with monkeypatch.context() as slow:
        slow.setattr(map_work, "make_map", endless)
        lab.segmented_control(key="lab-view").set_value("Methods").run()
        assert begun.wait(60)
        assert all(plate["dim"] for plate in plates(lab))
        click(lab, "cancel")
        wait(lambda: not running(lab))
        assert re.search(r"Stopped: [NPT] · Grad-CAM", text(lab))
    click(lab, "go-on")
    finish(lab)
    assert not any(plate["dim"] for plate in plates(lab))


def test_a_method_that_refuses_says_why_and_the_others_go_on(
    lab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(model: Any, film: Any, label: str, method: str, **more: Any) -> Any:
        if method == "gradcam":
            raise cxr.ExplainError("no_convolution", "There is no map here.")
        return make_map(model, film, label, method, **more)

    monkeypatch.setattr(map_work, "make_map", picky)
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
    maps = map_stability(phantom_model, cxr.read(FILM), found.label, "gradcam")
    assert f"<b>{maps.word}</b><span>Grad-CAM of {found.label}</span>" in text(lab)
    assert f'"JPEG 95–50: {plain_number(min(maps.of("jpeg")))} or more"' in text(lab)
    assert titles(lab)[0] == f"{found.label} · Grad-CAM"
    assert titles(lab)[1].endswith("and moved back")


def test_the_strip_names_the_changes_that_give_another_class() -> None:
    was = {"N": 0.4, "T": 0.6}
    other = {"N": 0.55, "T": 0.45}
    found = Stability(was, {(kind, 1.0): was for kind in CHANGES} | {("gamma", 1.0): other})
    said = strip(found)
    assert "1 of 5 changes give another class: Gamma." in said
    assert "moves by up to .15" in said
    assert "<b>unstable</b>" in said


def channels(at: AppTest) -> list[str]:
    """What the channels beside the film are called."""
    grids = [e.proto for e in at.get("bidi_component") if e.proto.component_name == "cxr_channels"]
    return [each["said"] for each in json.loads(grids[0].json)["maps"]]


def test_every_layer_can_be_looked_into(lab: AppTest, phantom_model: cxr.Classifier) -> None:
    view(lab, "Layers")
    read = cxr.read(FILM)
    found = answers(phantom_model, read)
    last, maps = list(found.items())[-1]
    for label in ("N", "T"):
        lab.segmented_control[-1].set_value(label).run()
        parts = shares(phantom_model, last, maps, label)
        assert parts is not None
        first = int(parts.argmax())
        assert titles(lab) == [
            "Film",
            f"features · channel {first} · black .00, white {plain_number(float(maps.max()))}",
        ]
        assert channels(lab)[0] == (
            f"Channel {first}, share of the logit of {label} {signed(float(parts[first]))}"
        )
    assert len(channels(lab)) == last.channels
    click(lab, "lab-layer-e")
    pooled, values = list(found.items())[-2]
    assert titles(lab)[1].startswith(f"{pooled.name} · channel {activation(values).argmax()} ·")
    assert "not for which class" in text(lab)


def test_layers_that_cannot_be_had_are_said_to_be(
    lab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise cxr.ExplainError("no_layers", "They cannot be looked into.")

    monkeypatch.setattr(layers, "answers", refuse)
    view(lab, "Layers")
    assert "They cannot be looked into" in lab.info[0].value
    assert titles(lab) == ["Film"]


def test_the_film_s_way_is_shown_and_can_be_changed(
    lab: AppTest, phantom_model: cxr.Classifier
) -> None:
    view(lab, "Input")
    assert titles(lab) == ["As filed", "Square · 64 × 64"]
    assert lab.button(key="lab-own").disabled
    lab.slider[1].set_value(3.0).run()
    lab.select_slider[-1].set_value(15).run()
    how = replace(phantom_model.preprocessing, clahe_clip=3.0, blur=15)
    after = scores(phantom_model, cxr.read(FILM), Way(how))
    shown = dict(re.findall(r'aria-label="(\S+) \S+ → (\S+), [+−]?[.\d]+"', text(lab)))
    assert shown == {label: score(p) for label, p in after.items()}
    assert lab.segmented_control(key="lab-step").options == [
        "Reduced",
        "CLAHE",
        "Blurred",
        "Square",
    ]
    click(lab, "lab-step-e")
    assert titles(lab) == ["As filed", "Blurred · 222 × 256"]
    click(lab, "lab-own")
    assert "→" not in text(lab)
    assert lab.slider[1].value == 0
    assert titles(lab) == ["As filed", "Square · 64 × 64"]


def test_a_story_that_ships_is_played(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    at = accepted().switch_page("pages/lab.py").run()
    click(at, "story-2-marker")
    assert "A drawn chest" in text(at)
    assert "by the network marker" in text(at)
    seen = []
    for _ in range(4):
        seen.append(titles(at))
        at = at.button[1].click().run()  # Next
        assert not at.exception
    assert "Δp" in text(at)
    assert titles(at) == ["Film", "What the network sees"]
    at.button[1].click().run()
    finish(at)
    assert titles(at) == ["opacity · Grad-CAM", "opacity · Occlusion"]
    assert at.button[0].label == "Previous"
    click(at, "story-leave")
    assert at.button(key="take-phantom-clear")


def test_views_are_kept_as_a_story_and_played(lab: AppTest, hand: Hand) -> None:
    draw(lab, hand, 65, 75, 65, 75)
    wanted = effects(lab)
    lab.text_area(key="story-caption").set_value("What happens here?")  # not told by itself
    click(lab, "story-keep-regions")
    assert lab.text_area(key="story-caption").value == ""
    view(lab, "Input")
    lab.select_slider[-1].set_value(15).run()
    click(lab, "story-keep-input")
    click(lab, "story-keep-scores")
    click(lab, "story-out-2")
    hand.region = None
    click(lab, "story-play")
    assert "What happens here?" in text(lab)
    assert effects(lab) == wanted
    lab.button[1].click().run()
    assert titles(lab) == ["As filed", "Square · 64 × 64"]
    assert "→" in text(lab)
    click(lab, "story-leave")
    assert titles(lab) == ["As filed", "Square · 64 × 64"]


@pytest.mark.parametrize("model", ["../../elsewhere", "broken"])
def test_a_story_of_a_model_that_cannot_be_used_says_so(
    lab: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr(player, "FOLDER", tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / MANIFEST).write_text("{}")
    step = Step("one", "Look.", model=model)
    lab.session_state["story"] = Story("A story", "", (step,), {"one": FILM})
    lab.session_state["story_place"] = 0
    lab.run()
    assert "which is not here or cannot be used" in lab.info[0].value
    assert not plates(lab)


def test_a_file_that_is_no_story_is_refused(lab: AppTest) -> None:
    lab.file_uploader(key="story-file-0").set_value(("story.zip", b"no zip", "application/zip"))
    lab.run()
    assert "not\\_a\\_story" in lab.info[0].value


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
