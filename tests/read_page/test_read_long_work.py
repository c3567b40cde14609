"""A map in the making can be seen, cancelled and left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from appwalk import FILM, OTHER, click, pick, running, text, titles, upload, wait
from streamlit.testing.v1 import AppTest

import cxr
from cxr.explain import PartialMap
from ui.session import map_tasks

WORKED_ON: list[str] = []
"""Films, by hash, whose endless occlusion runs."""


@pytest.fixture
def endless(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with a film on the stage and an occlusion that stays at its first, coarse map until
    it is told to end."""

    def drill_down(_: Any, film: cxr.Radiograph, *__: Any, progress: Any) -> Iterator[PartialMap]:
        yield PartialMap(np.full(film.eight_bit.shape, 0.2, np.float32), 50, 170)
        WORKED_ON.append(film.sha256)
        while progress(0.25) is not False:
            threading.Event().wait(0.01)
        WORKED_ON.remove(film.sha256)
        raise cxr.Cancelled

    monkeypatch.setattr(map_tasks, "drill_down", drill_down)
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "map")
    app.segmented_control[0].set_value("occlusion").run()
    assert running(app)
    return app


def test_a_coarse_map_is_shown_at_once_and_stays_when_the_rest_is_cancelled(
    endless: AppTest,
) -> None:
    assert titles(endless) == ["Map, still coarse: orange speaks for N, blue against it"]
    assert "50 of 170 forward passes" in text(endless)
    click(endless, "cancel")
    wait(lambda: not running(endless))
    endless.run()
    assert titles(endless) == ["Map, still coarse: orange speaks for N, blue against it"]
    assert "Stopped" in text(endless)
    click(endless, "go-on")
    assert running(endless)
    click(endless, "map")
    wait(lambda: not running(endless))


def test_the_test_of_a_map_can_be_cancelled_and_the_map_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faithfulness(*_: Any, progress: Any) -> None:
        while progress(0.25) is not False:
            threading.Event().wait(0.01)
        raise cxr.Cancelled

    monkeypatch.setattr(map_tasks, "faithfulness", faithfulness)
    upload(app, ("a.png", FILM))
    click(app, "map")  # and the page rests, though the test goes on
    assert running(app)
    click(app, "cancel")
    wait(lambda: not running(app))
    assert titles(app) == ["Map"]
    assert "Stopped: whether the map of" in text(app)


@pytest.mark.parametrize("how", ["film", "class", "method", "hide", "remove"])
def test_a_map_in_the_making_stops_when_it_is_left(endless: AppTest, how: str) -> None:
    if how == "film":
        pick(endless, 2)
    elif how == "class":
        label = endless.segmented_control[1]
        label.set_value(next(o for o in label.options if o != label.value)).run()
    elif how == "method":
        endless.segmented_control[0].set_value("gradcam").run()
    else:
        click(endless, "map" if how == "hide" else "remove")
    if how in ("film", "remove"):  # the map stays on: the next film's is begun
        wait(lambda: [cxr.read(OTHER).sha256] == WORKED_ON)
        click(endless, "map")
    wait(lambda: not running(endless))
