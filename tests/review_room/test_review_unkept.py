"""What was said on a case and is in no row: it is told so while it is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from reviewpage import control, named, opened, press, ran, text
from streamlit.testing.v1 import AppTest

from ui.review import film_view
from ui.viewer import Region

UNKEPT = "Not kept until a verdict."


def test_what_is_said_before_any_verdict_is_told_to_be_unkept(
    place: Path, cases: list[str]
) -> None:
    at = opened()
    assert UNKEPT not in text(at)
    at.text_area[0].set_value("a note").run()
    assert UNKEPT in text(at)
    at.text_area[0].set_value(" ").run()
    assert UNKEPT not in text(at)
    ran(control(at, "Severity").set_value("minor").run())
    assert UNKEPT in text(at)
    assert not at.error
    press(at, f"verdict-subtle-{cases[0]}")
    assert UNKEPT not in text(at), "another case"
    named(at, "Previous").click().run()
    assert UNKEPT not in text(at)
    at.text_area[0].set_value("more").run()
    assert UNKEPT not in text(at)
    assert "Changed since your verdict" in text(at)


def test_another_right_label_than_the_one_offered_is_unkept_too(place: Path) -> None:
    at = opened()
    assert UNKEPT not in text(at)
    assert UNKEPT in text(ran(control(at, "Right label").set_value(None).run()))


def test_a_mark_before_any_verdict_is_unkept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(*plates: object, **more: object) -> Region:
        return Region(0, "box", (0, 0, 20, 20), (), 0, 1)

    monkeypatch.setattr(film_view, "viewer", draw)
    at: AppTest = opened()
    assert UNKEPT in text(at)
