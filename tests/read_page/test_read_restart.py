"""A server that was started again is told by the tab which films there were."""

from __future__ import annotations

from appwalk import FILM, OTHER, click, text, upload
from streamlit.testing.v1 import AppTest

from ui.session.missing import Missing, expect, missing


def held(app: AppTest) -> list[tuple[str, str]]:
    return [(film.name, film.label) for film in app.session_state["films"].values()]


def told(app: AppTest) -> list[str]:
    return [each.name for each in app.session_state["missing"]]


def test_films_come_back_with_what_they_were_known_to_be(app: AppTest) -> None:
    app.session_state["missing"] = [
        Missing("a.png", len(FILM), False, "T", False),
        Missing("b.png", len(OTHER), False, "", True),
        Missing("child-03", 1, True, "N", False),
        Missing("a sample of another folder", 1, True, "N", False),
    ]
    app.run()
    assert held(app) == [("child-03", "N")]
    assert "Add these again: a.png, b.png." in text(app)
    upload(app, ("a.png", OTHER))  # of this name, and another film
    assert held(app)[1:] == [("a.png", "")]
    assert told(app) == ["a.png", "b.png"]
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    assert held(app)[2:] == [("a.png", "T"), ("b.png", "")]
    assert app.session_state["films"][app.session_state["film"]].name == "b.png"
    assert not told(app)
    assert "Add these again" not in text(app)


def test_who_does_without_them_is_not_asked_again(app: AppTest) -> None:
    app.session_state["missing"] = [Missing("<b>.png", 5, False, "", True)]
    app.run()
    assert "&lt;b&gt;.png" in text(app)
    click(app, "do-without")
    assert "Add these again" not in text(app)
    assert not told(app)


def test_a_tab_s_word_is_taken_in_its_own_form_alone() -> None:
    for said in (None, "films", {"a": 1}, 7):
        expect(said, 9)
        assert missing() == []
    good = ["a.png", 5, False, "", True]
    expect([good, ["b.png"], 3, ["c.png", "many", False, "", True], [*good, 1]], 9)
    assert missing() == [Missing("a.png", 5, False, "", True)]
    expect([good] * 20, 9)
    assert len(missing()) == 9
