"""Parts of a page that timers draw, and what the log says of them once they are gone."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner import script_runner

from ui.work import fragments


def test_only_a_timer_s_part_may_go_unsaid(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Streamlit's own words, of a timer that it took together with a press, and of a press."""
    monkeypatch.setattr(fragments, "_timers", {"timer"})
    log = logging.getLogger(script_runner.__name__)
    log.addHandler(caplog.handler)
    try:
        for fragment in ("timer", "pressed"):
            log.warning("Couldn't find fragment with id %s.", fragment)
        log.warning("no fragment at all")
    finally:
        log.removeHandler(caplog.handler)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Couldn't find fragment with id pressed.", "no fragment at all"]


def test_the_words_are_still_streamlit_s() -> None:
    """It names the fragment first, which is what timers are known by."""
    source = Path(script_runner.__file__).read_text(encoding="utf-8")
    warned = source.partition("Couldn't find fragment with id %s")[2]
    assert warned.partition(")")[0].rstrip().endswith("fragment_id,")
