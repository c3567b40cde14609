"""What a press began is done before the next press is seen to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from ui.work import callbacks

APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> ScriptRequests:
    """The requests of a session that is at work while the next press comes."""
    requests = ScriptRequests()
    requests.on_scriptrunner_ready()
    context = SimpleNamespace(script_requests=requests)
    monkeypatch.setattr(callbacks, "get_script_run_ctx", lambda **_: context)
    requests.request_rerun(RerunData())
    return requests


def test_a_callback_hears_nothing_of_the_next_press(
    waiting: ScriptRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    monkeypatch.setattr(callbacks, "_call", lambda: heard.append(waiting.on_scriptrunner_yield()))
    callbacks._called_whole()
    assert heard == [None]
    assert waiting.on_scriptrunner_yield() is not None, "and it comes after"


def test_a_callback_that_fails_leaves_all_as_it_was(
    waiting: ScriptRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "_call", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        callbacks._called_whole()
    assert waiting.on_scriptrunner_yield() is not None


def test_the_app_has_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SessionState, "_call_callbacks", callbacks._call)
    AppTest.from_file(str(APP), default_timeout=60).run()
    assert SessionState._call_callbacks is callbacks._called_whole
