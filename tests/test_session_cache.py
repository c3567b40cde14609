"""What pages keep and do beside what they show: the shelf, jobs, written scores."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import pytest

import cxr
from ui.base.formatting import score
from ui.session.map_tasks import MapRequest
from ui.work.session_cache import NICE, Job, ProgressCall, Shelf
from ui.work.shared import job_of


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0"), (0.001, "<.01"), (0.25, ".25"), (0.999, ">.99"), (1.0, "1")],
)
def test_a_score_is_written_without_a_leading_nought(value: float, written: str) -> None:
    assert score(value) == written


def test_the_shelf_drops_what_was_used_longest_ago() -> None:
    shelf = Shelf(10)
    for key in "ab":
        shelf.get(key, lambda: 0, lambda _: 4)
    shelf.find("a")
    shelf.put("c", 1, 4)
    assert shelf.find("b") is None
    assert shelf.find("a") == 0
    assert shelf.weight == 8
    shelf.put("d", 2, 40)
    assert shelf.find("d") == 2
    assert shelf.weight == 40


def test_the_shelf_lets_go_of_all_that_names_a_film() -> None:
    shelf = Shelf()
    what = MapRequest("hash", "model", "T", "gradcam")
    for key in (
        ("film", "hash", 0, False),
        ("map", what),
        ("so far", ("map", what)),
        ("film", "b"),
    ):
        shelf.put(key, 1, 4)
    shelf.drop("hash")
    assert shelf.weight == 4
    assert shelf.find(("film", "b")) == 1


def test_a_job_tells_a_refusal_from_a_fault() -> None:
    def refuse(_: Callable[[float], bool]) -> None:
        raise cxr.ExplainError("bad_patch", "Too wide.")

    job = Job("key", refuse)
    assert job.wait(30)
    assert job.refusal is not None
    assert job.refusal.code == "bad_patch"
    assert not job.cancelled


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_long_work_gives_way_to_pages() -> None:
    def priority(_: ProgressCall | None = None) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = priority()
    job = Job("work", priority)
    assert job.wait(30)
    assert job.result == min(before + NICE, 19)
    assert priority() == before


def test_work_that_was_just_cancelled_begins_anew_when_it_is_asked_for() -> None:
    jobs: dict[str, Job] = {}
    goes_on = threading.Event()
    first = job_of(jobs, "key", lambda _: goes_on.wait(30), 4)
    assert job_of(jobs, "key", lambda _: 2, 4, again=True) is first  # it runs
    first.cancel()
    second = job_of(jobs, "key", lambda _: 2, 4, again=True)
    assert second is not first
    goes_on.set()
    assert second.wait(30)
    assert second.result == 2
