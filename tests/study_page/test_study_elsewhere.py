"""What Review, Metrics and the worklist tell of films whose study is not finished."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl

import appwalk
import pytest
from appwalk import FILM, click, plates, text, wait
from reviewroom import make_own
from reviews import verdict
from screened import row, write
from streamlit.testing.v1 import AppTest
from studypage import begun, go, said

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.exchange import from_file
from cxr.review.store import ReviewStore
from ui.review import own
from ui.session import studies
from ui.study import setup

BARS = 'class="cxr-bars"'
HELD = "belongs to a reader study"
LEFT_OUT = "of a reader study that was begun here"


def held_cases(at: AppTest) -> list[str]:
    return [case.film[:12] for case in at.session_state[setup.PLAN].cases]


def section(at: AppTest, name: str) -> AppTest:
    at.segmented_control(key="review-section").set_value(name).run()
    assert not at.exception
    return at


def test_review_tells_nothing_of_a_film_that_its_address_names(place: Path) -> None:
    at = said(begun(), "N")
    for blind in ("1", ""):
        for case in held_cases(at):
            at.query_params.clear()
            at.query_params["case"], at.query_params["shown"] = case, "all"
            if blind:
                at.query_params["blind"] = blind
            go(at, "review")
            assert f"case {case}" in text(at)
            assert HELD in text(at)
            assert [plate["title"] for plate in plates(at)] == ["The film"]
            for telling in ("Labelled", BARS, "Nearest", "Film and model"):
                assert telling not in text(at), telling
            keys = [button.key or "" for button in at.button]
            assert not [key for key in keys if key.startswith(("verdict-", "read-", "review-to"))]
            assert at.button(key="review-maps").disabled
            assert not at.dataframe
    click(click(go(at, "study"), "study-stop"), "study-give-up")
    at.query_params["case"] = case
    go(at, "review")
    assert "Labelled" in text(at)
    assert HELD not in text(at)


def test_no_queue_of_review_holds_such_a_film(place: Path) -> None:
    at = begun()
    held = held_cases(at)
    at.query_params["shown"] = "all"
    section(go(at, "review"), "Queue")
    listed = list(at.dataframe[0].value.case)
    assert len(listed) == 27 - 4
    assert not set(listed) & set(held)
    assert f"4 films {LEFT_OUT}" in text(at)
    assert HELD not in text(at)


def test_no_film_is_shown_beside_one_that_is_not_held(place: Path, room: tuple[Path, Path]) -> None:
    rows = table(open_bundle(room[1] / "room"))
    hashes = {sha256(image.encode()).hexdigest() for image in rows.image[rows.split == "test"]}
    case = rows.case[(rows.split == "external")].iloc[0]
    at = appwalk.opened("review", {"split": "external", "case": case}, reader="A. Reader")
    wait(lambda: not appwalk.running(at))
    at.run()
    assert "Nearest N called right" in pictures(at)
    at.session_state[studies.HELD] = {"study": frozenset(hashes)}
    at.run()
    assert "Labelled" in text(at)
    assert "Nearest" not in pictures(at)


def pictures(at: AppTest) -> str:
    return " ".join(image.caption for each in at.get("image") for image in each.proto.imgs)


def test_verdicts_and_labels_that_leave_review_leave_them_out(
    place: Path, room: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun()
    held = held_cases(at)
    rows = table(open_bundle(room[1] / "room"))
    by_case = dict(zip(rows.case, rows.image, strict=True))
    other = next(image for case, image in by_case.items() if case not in held)
    kept = [verdict("B. Reader", by_case[held[0]]), verdict("B. Reader", other)]
    store = ReviewStore(str(place.with_name("review.sqlite3")))
    for entry in kept:
        store.record(entry)
    store.close()
    made: dict[str, Callable[[], bytes]] = {}
    with monkeypatch.context() as patch:
        patch.setattr(
            "streamlit.download_button", lambda said, data, *_, **__: made.update({said: data})
        )
        section(go(at, "review"), "Verdicts out and in")
    assert f"1 film {LEFT_OUT}" in text(at)
    section(at, "Corrected labels")
    assert f"4 films {LEFT_OUT}" in text(at)
    assert not at.get("download_button")
    assert len(made) == 2
    for data in made.values():  # as Streamlit makes them, outside the session
        assert [each.image for each in from_file(data())] == [other]


def test_metrics_lists_no_such_film_and_keeps_its_figures(place: Path) -> None:
    at = begun()
    held = held_cases(at)
    go(at, "metrics")
    at.segmented_control(key="part").set_value("Classes").run()
    linked: list[str] = []
    for truth in "NT":
        for called in "NT":
            at.selectbox(key="ev-truth").set_value(truth)
            at.selectbox(key="ev-called").set_value(called).run()
            assert not at.exception
            assert f"4 films {LEFT_OUT}" in text(at)
            linked += [
                dict(parse_qsl(each.proto.query_string)).get("case", "")
                for each in at.get("page_link")
            ]
    assert len(set(linked)) > 10
    assert not set(linked) & set(held)
    assert at.dataframe[0].value.to_numpy().sum() == 29, "a matrix tells nothing of one film"


def test_the_worklist_lists_no_such_film(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film.png"
    film.write_bytes(FILM)
    first = row(str(film), 3.0, sha256=sha256(FILM).hexdigest())
    results = write(tmp_path / "results.parquet", [row("other", 1.0), first, row("third", 2.0)])
    monkeypatch.setenv("CXR_SCREEN", str(results))
    at = appwalk.opened("worklist")
    assert len(at.dataframe[0].value) == 3
    at.session_state[studies.HELD] = {"study": frozenset({first["sha256"]})}
    at.run()
    assert list(at.dataframe[0].value["film"]) == ["third", "other"]
    assert f"1 film {LEFT_OUT}" in text(at)


def test_a_film_of_one_s_own_folder_is_held_on_review(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    at = appwalk.opened("study", reader="A. Reader")
    wait(lambda: not appwalk.running(at))
    at.run()
    at.number_input(key="study-films").set_value(4)
    click(at, "study-begin")
    held = held_cases(at)
    at.query_params["case"], at.query_params["shown"] = held[0], "all"
    go(at, "review")
    assert HELD in text(at)
    assert "Labelled" not in text(at)
    for shared in (own._jobs, own._held):
        shared.clear()
