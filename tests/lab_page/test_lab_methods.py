"""Methods and fills side by side, and whether a score holds."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from appwalk import FILM, click, plates, running, text, titles, wait
from labpage import finish, table, view
from streamlit.testing.v1 import AppTest

import cxr
from cxr.explain import make_map, overlay
from cxr.explain_eval import faithfulness, sanity
from cxr.explain_eval.fill_agreement import compare_fills
from cxr.explain_eval.map_stability import map_stability
from cxr.explain_eval.stability import CHANGES, Stability, stability
from ui.base.formatting import score
from ui.lab.stability import strip
from ui.lab.words import plain_number
from ui.session import map_tasks
from ui.viewer.encoding import shrunk


def test_methods_stand_side_by_side_with_their_evidence(
    lab: AppTest, phantom_model: cxr.Classifier
) -> None:
    view(lab, "Methods")
    read = cxr.read(FILM)
    label = phantom_model.predict([read])[0].label
    speaks = f"orange speaks for {label}, blue against it"
    assert titles(lab) == [f"{label} · Grad-CAM", f"{label} · Occlusion: {speaks}"]
    _, *rows = table(lab, 0)
    assert [row[0] for row in rows] == ["Grad-CAM", "Occlusion"]
    for row, method in zip(rows, ("gradcam", "occlusion"), strict=True):
        values = shrunk(make_map(phantom_model, read, label, method))
        tested = faithfulness(phantom_model, read, label, values)
        randomised = sanity(phantom_model, read, label, method, values)
        assert row[1:4] == [
            tested.word,
            plain_number(tested.own.gain),
            plain_number(tested.centre.gain),
        ]
        assert row[5:] == [
            f"{tested.chance:.0%}",
            randomised.word,
            plain_number(randomised.ssim),
            plain_number(randomised.rank),
        ]
    first, second = table(lab, 1)[1:]
    assert first[2] == second[1] != ""
    lab.toggle(key="lab-randomised").set_value(True).run()
    assert [title.removesuffix(": not ready") for title in titles(lab)] == [
        f"{overlay.title(method, label)}, shuffled weights" for method in ("gradcam", "occlusion")
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
    lab: AppTest, monkeypatch: pytest.MonkeyPatch, pressed_twice: None
) -> None:
    begun = threading.Event()

    def endless(*_: object, progress: Callable[[float], bool]) -> None:
        while progress(0.3):
            begun.set()
        raise cxr.Cancelled

    with monkeypatch.context() as slow:
        slow.setattr(map_tasks, "make_map", endless)
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

    monkeypatch.setattr(map_tasks, "make_map", picky)
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
    assert "1 of 5 changes gives another class: Gamma." in said
    assert "moves by up to .15" in said
    assert "<b>unstable</b>" in said
