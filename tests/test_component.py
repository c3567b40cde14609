"""The turns of a component's data."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from ui.base import component


def test_data_get_another_turn_when_they_change_and_after_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    first = component._turn("list", {"rows": [1]})
    assert component._turn("list", {"rows": [1]}) == first
    second = component._turn("list", {"rows": [2]})
    third = component._turn("list", {"rows": [1]})  # as it was before, and yet newer
    assert first < second < third
    state.clear()  # another session of a tab that has stood still
    monkeypatch.setattr("time.time_ns", lambda: (third + 1) * 10**6)
    assert component._turn("list", {"rows": [1]}) > third
