"""The review room with a folder of drawn films, and a server of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from serving import ROOT, served
from viewing import ready
from waiting import arrive

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
        with served(ROOT / "serve.py", home, data=room[0]) as found:
            yield found


@pytest.fixture
def page(tab: Callable[[], Page], address: str) -> Page:
    """The review page with the first of the room's films, read by nobody yet."""
    page = tab()
    arrive(page, f"{address}/cases")
    expect(page.get_by_text("31 films listed")).to_be_visible()
    expect(page.get_by_role("textbox", name="Your name")).to_be_visible()
    ready(page)  # before its film is seen no key judges it
    return page
