"""The review room with a folder of drawn films, and a server of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from serving import ROOT, served
from waiting import accept, go, settled, still

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.queue import QueueFilter, queue


@pytest.fixture(scope="package")
def cases(room: tuple[Path, Path]) -> list[str]:
    bundle = open_bundle(room[1] / "room")
    return list(queue(table(bundle), bundle.labels, QueueFilter("test")).rows.case)


@pytest.fixture(scope="package")
def every(room: tuple[Path, Path]) -> list[str]:
    """What a blind reader goes through."""
    bundle = open_bundle(room[1] / "room")
    return list(
        queue(table(bundle), bundle.labels, QueueFilter("test", shown="all", blind=True)).rows.case
    )


@pytest.fixture(scope="package")
def address(room: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("CXR_MODELS", str(room[1]))
        settings.setenv("CXR_REVIEW", str(home / "review.sqlite3"))
        settings.setenv("CXR_CACHE", str(home / "cache"))
        with served(ROOT / "app.py", home) as found:
            yield found


@pytest.fixture
def page(tab: Callable[[], Page], address: str, room: tuple[Path, Path]) -> Page:
    """The review page, with the room's films, read by nobody yet."""
    page = tab()
    page.goto(address)
    accept(page)
    go(page, "Review")
    page.get_by_text("Another folder").click()
    page.get_by_role("textbox", name="Path on the server").fill(str(room[0]))
    still(page)
    page.get_by_role("button", name="Use this folder").click()
    expect(page.get_by_text("31 films listed")).to_be_visible()
    settled(page)
    return page
