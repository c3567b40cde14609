"""Films of one's own on Review: scored by the picked profile, which each verdict keeps."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from appwalk import plates
from reviewpage import kept, opened, press, ran, section, shown, text
from reviewroom import make_own
from sites import profile, some_head
from streamlit.testing.v1 import AppTest

import cxr
from cxr.audit.log import Log
from cxr.site import Profile, save
from ui.session import record


@pytest.fixture
def hospital(
    place: Path, room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Profile:
    """A profile that calls every film T, and a folder of one's own."""
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    monkeypatch.setenv("CXR_DATA", str(make_own(tmp_path / "own")))
    model = cxr.load(room[1] / "room")
    made = profile(model, some_head(model), name="Mbarara", threshold=-1e6)
    save(made)
    return made


def at_hospital(hospital: Profile, **address: str) -> AppTest:
    """The page, with the profile picked."""
    at = opened(**address)
    at.sidebar.selectbox(key="hospital").set_value(hospital.identity).run()
    return ready(at)


def ready(at: AppTest) -> AppTest:
    for thread in threading.enumerate():
        if thread.name == "map":
            thread.join(60)
    return ran(at.run())


def test_own_films_go_by_the_picked_profile_and_their_verdicts_say_so(
    hospital: Profile, place: Path
) -> None:
    at = at_hospital(hospital)
    assert "own" in at.query_params["split"]
    said = text(at)
    assert "Calls and maps go by the profile of Mbarara." in said
    assert "6 films of your own" in said
    assert "1 cannot be read as a frontal chest film" in said
    assert "1 of 3" in said  # the three N, which all are called T
    assert "Labelled N, called T" in said
    assert "Above the T threshold of Mbarara" in said
    case = shown(at)
    press(at, f"verdict-model_wrong-{case}")
    (row,) = kept(place)
    assert (row.hospital, row.profile, row.called) == ("Mbarara", hospital.identity, "T")
    press(at, "undo")
    assert kept(place)[1].profile == hospital.identity
    press(at, f"verdict-subtle-{shown(at)}")
    ready(press(at, "review-maps"))
    assert {plate["title"] for plate in plates(at)} >= {"T · Grad-CAM", "N · Grad-CAM"}


def test_the_audit_log_knows_what_an_own_film_was_scored(
    hospital: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "audit.sqlite3"
    monkeypatch.setenv("CXR_AUDIT", str(log))
    at = at_hospital(hospital)
    press(at, f"verdict-model_wrong-{shown(at)}")
    assert record._writer(str(log)).written(60)
    with Log(str(log)).whole() as (rows, _):
        told = [json.loads(row.body) for row in rows]
    by_it = [row for row in told if row.get("hospital") == hospital.identity]
    kinds = [row["kind"] for row in by_it]
    assert kinds.count("scored") == 2, "the case that was judged, and the next"
    assert next(row for row in by_it if row["kind"] == "scored")["called"] is True
    assert "verdict" in kinds
    assert "Mbarara" not in json.dumps(told)


def test_without_a_profile_they_are_scored_as_shipped_and_judged_anew(
    hospital: Profile, place: Path
) -> None:
    at = at_hospital(hospital)
    press(at, f"verdict-model_wrong-{shown(at)}")
    plain = ready(opened(shown="all"))
    said = text(plain)
    assert "Calls and maps are as shipped: no hospital profile is picked." in said
    assert "1 of 6" in said
    assert "judged by you" not in said
    press(plain, f"verdict-call_right-{shown(plain)}")
    assert [row.profile for row in kept(place)] == [hospital.identity, ""]


def test_the_model_s_own_table_stays_within_reach_as_shipped(hospital: Profile) -> None:
    at = at_hospital(hospital, split="test")
    assert "as shipped, not by the profile of Mbarara" in text(at)
    assert "is not that of this model’s films" in text(at)
    section(at, "Queue")
    assert "own" not in set(at.dataframe[0].value.source)
    assert len(at.dataframe[0].value) == 15
