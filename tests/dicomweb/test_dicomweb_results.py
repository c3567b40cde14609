"""Results sent to a PACS: once, and none lost."""

from __future__ import annotations

import io

from dicomweb_server import Server
from pacsfilms import code, stored, uids
from pydicom import dcmread

from cxr.dicomweb.client import store
from cxr.dicomweb.reference import series_of


def test_nothing_is_sent_twice(server: Server, made: list[bytes]) -> None:
    server.hold(stored())
    assert store(server.pacs(), made) == (2, 0)
    assert store(server.pacs(), made) == (0, 2)
    assert store(server.pacs(), made[:1]) == (0, 1)
    assert len(server.stored) == 2
    kept = [dcmread(io.BytesIO(server.held[each])) for each in server.stored]
    assert [ds.SeriesInstanceUID for ds in kept] == [
        series_of(kind, uids()[2]) for kind in ("report", "picture")
    ]


def test_an_answer_that_is_lost_sends_nothing_twice(server: Server, made: list[bytes]) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "loses"]  # study, two series, then what is sent
    assert store(server.pacs(), made) == (2, 0)
    assert len(server.stored) == 2


def test_results_that_a_pacs_refuses_are_sent_again_and_not_lost(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "refuses", "", "", "refuses"]
    assert code(store, server.pacs(), made) == "pacs_failed"
    assert len(server.held) == 1
    assert store(server.pacs(), made) == (2, 0)


def test_results_that_a_pacs_takes_and_does_not_keep_are_said(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "forgets", "", "", "forgets"]
    assert code(store, server.pacs(), made) == "not_stored"
    assert len(server.stored) == 4, "sent once more"
    assert store(server.pacs(), made) == (2, 0)


def test_results_of_a_study_that_is_not_there_are_not_sent(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored(study=2))
    assert code(store, server.pacs(), made) == "no_study_there"
    assert not server.stored


def test_a_login_that_is_refused_as_results_are_sent_is_not_tried_again(
    server: Server, made: list[bytes]
) -> None:
    server.hold(stored())
    server.faults = ["", "", "", "401"]
    assert code(store, server.pacs(), made) == "pacs_login"
    assert len(server.asked) == 4
