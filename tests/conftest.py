"""Films, networks and folders that several tests share."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import postgres
import pytest
from reported import FILM
from reviewroom import make_room
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.state.session_state import WStates
from streamlit.testing.v1 import app_test, local_script_runner

import cxr
from cxr.report import Report, make

LONG = {
    *("test_devices", "test_memory", "test_read_page", "test_recipes_training"),
    *("test_review_keys", "test_review_page", "test_train", "test_viewer", "test_zoo"),
}
"""Modules of half a minute and more. They begin, so that none is left to one process at the end.
Before all others come the browser's, together, since they share a server and a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: (not item.get_closest_marker("browser"), item.path.stem not in LONG)
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: whoever drives a browser waits half of the time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Nothing that the tests' modules have loaded is garbage. Where TensorFlow is among it, looking
    through its million objects takes a second, and Streamlit and Keras look after every run of a
    page."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def cxr_data() -> Path:
    """The folder of real radiographs; tests that need it are skipped where there is none."""
    folder = os.environ.get("CXR_DATA")
    if not folder or not (Path(folder) / "manifest.csv").is_file():
        pytest.skip("CXR_DATA names no folder with a manifest.csv")
    return Path(folder)


@pytest.fixture(scope="session")
def models() -> Path:
    """The bundles that the repository ships."""
    return Path(__file__).parents[1] / "models"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server of the tests' own."""
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where one is, or may be made: a path, a URL."""
    if request.param == "sqlite":
        return str(tmp_path / "deep" / "kept.sqlite3")
    return postgres.empty(request.getfixturevalue("postgresql"))


@pytest.fixture(scope="session")
def phantom_model() -> cxr.Classifier:
    """A small network that finds the lesion of drawn phantoms; ``bundles/make.py`` made it."""
    return cxr.load(Path(__file__).parent / "bundles" / "phantom")


@pytest.fixture
def report(phantom_model: cxr.Classifier) -> Report:
    """Of a drawn film, by the phantom network."""
    return make(FILM, phantom_model, tested=False)


@pytest.fixture(scope="session")
def whole(models: Path) -> tuple[cxr.Classifier, Path]:
    """A network with limits, sets, thresholds and hospitals, and a film that it flags."""
    return cxr.load(models / "default"), models.parent / "samples" / "child-01.jpg"


@pytest.fixture(scope="session")
def room(
    phantom_model: cxr.Classifier, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A data folder and a folder of bundles, as :func:`reviewroom.make_room` leaves them."""
    return make_room(tmp_path_factory.mktemp("room"), phantom_model)


@pytest.fixture(scope="session", autouse=True)
def _packages_are_asked_once() -> Iterator[None]:
    """Streamlit's AppTest asks every installed package whether it brings components, each time."""
    with pytest.MonkeyPatch.context() as patch:
        asked = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", asked)
        yield


@pytest.fixture(scope="session", autouse=True)
def _pages_run_as_in_the_server() -> Iterator[None]:
    """After every run of a page Streamlit clears Keras, where a process has loaded it, and that
    looks for garbage among TensorFlow's million objects. The server's process never loads it. Nor
    does that compile a page more than once, and Python 3.11 fails where two threads take syntax
    apart at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        compiled = app_test.ScriptCache()
        for module in (app_test, local_script_runner):
            patch.setattr(module, "ScriptCache", lambda: compiled)
        yield


_NUMBERS = count()


@pytest.fixture(autouse=True)
def _own_log(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes to the audit log of whoever runs it, nor reads what else they keep; all of a
    process share one log."""
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path_factory.getbasetemp() / "audit.sqlite3"))
    homes = tmp_path_factory.getbasetemp() / "homes"
    monkeypatch.setenv("XDG_DATA_HOME", str(homes / str(next(_NUMBERS))))


@pytest.fixture(autouse=True)
def _drawings_are_let_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most drawn films show no lungs, and would be refused by any model; a test of just that asks
    for `lungs_looked_for`."""
    if "lungs_looked_for" not in request.fixturenames:
        monkeypatch.setattr("cxr.screening.assess.shipped_lungs", lambda: None)


@pytest.fixture
def lungs_looked_for() -> None:
    """The network that finds lungs is asked, as in the app."""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def pressed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers a press is called again before the page is drawn anew, as by a double click."""
    once = WStates.call_callback

    def twice(states: WStates, widget: str) -> None:
        once(states, widget)
        once(states, widget)

    monkeypatch.setattr(WStates, "call_callback", twice)
