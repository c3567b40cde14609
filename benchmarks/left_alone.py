"""What a page costs that is shown and left alone.

    python -m benchmarks.left_alone [--seconds N] [PAGE ...]

Each page is opened in a browser of its own, with one film where it takes films, and nothing is
touched. Hospital has a profile fitted on 12 films of each label, Worklist the table of the samples,
and Audit is looked at by an admin. Once Chromium has tidied up behind the page's start, which takes
it half a minute, the processor time of all its processes and of the server's is counted over a
minute, and told as a share of one core. The first row is an empty tab: what Chromium takes by
itself.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import sleep, time
from typing import NamedTuple

import oidc_provider_mock
from PIL import Image
from playwright.sync_api import Browser, Page

import cxr
from benchmarks.app import (
    SAMPLES,
    WAIT_MS,
    App,
    accept_notice,
    chromium,
    free_port,
    is_chromium,
    load,
    opened,
    processor_seconds,
    served,
    settled,
    tree,
    upload,
)

SETTLE = 40
FILM = SAMPLES / "child-01.jpg"
EACH = 12  # films of a label that a profile is fitted on
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a secret of this benchmark alone"
client_id = "cxr"
client_secret = "any"
server_metadata_url = "http://localhost:{provider}/.well-known/openid-configuration"
[roles]
admin = ["admin@clinic.example"]
"""


def read(page: Page) -> None:
    upload(page, [FILM])
    page.wait_for_selector(".pane[data-ready=true]")


def mapped(page: Page) -> None:
    read(page)
    page.keyboard.press("m")
    page.get_by_role("slider", name="Opacity").wait_for()
    page.wait_for_function("!document.body.innerText.includes('Working out')")
    settled(page)


def go(name: str) -> Callable[[Page], None]:
    def goes(page: Page) -> None:
        page.get_by_role("link", name=name).first.click()
        settled(page)

    return goes


def lab(page: Page) -> None:
    read(page)
    go("Lab")(page)
    page.wait_for_selector(".pane[data-ready=true]")


def fitted(page: Page) -> None:
    """The samples as they are for N, cropped for T, so that there is something to tell apart."""
    go("Hospital")(page)
    page.get_by_text("Your hospital", exact=True).wait_for()
    with tempfile.TemporaryDirectory() as folder:
        for place, path in enumerate(sorted(SAMPLES.glob("*.jpg"))[:EACH]):
            film = cxr.read(path).eight_bit
            for label, cut in (("N", 0), ("T", 6 + place)):
                to = Path(folder) / label / f"{place}.png"
                to.parent.mkdir(exist_ok=True)
                Image.fromarray(film[cut:]).save(to)
        page.get_by_test_id("stFileUploaderDropzoneInput").nth(3).set_input_files(folder)
        page.get_by_role("heading", name="Fitted:").wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    settled(page)


@contextmanager
def screened() -> Iterator[App]:
    """The app with a table of the samples."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CXR_SCREEN"] = table = str(Path(folder) / "results.parquet")
        command = [sys.executable, "-m", "cxr", "screen", str(SAMPLES), "--out", table]
        subprocess.run(command, check=True, capture_output=True)
        try:
            with served() as app:
                yield app
        finally:
            del os.environ["CXR_SCREEN"]


def listed(page: Page) -> None:
    """The film of the first row, which is ticked."""
    go("Worklist")(page)
    table = page.get_by_test_id("stDataFrame").first
    table.locator("canvas").first.wait_for()
    table.click(position={"x": 16, "y": 52})
    page.wait_for_selector(".pane[data-ready=true]")
    settled(page)


@contextmanager
def asking() -> Iterator[App]:
    """The app with a provider of sign-in that runs in this process, which is not counted."""
    claims = {"email": "admin@clinic.example", "email_verified": True, "name": "Admin"}
    users, port = [oidc_provider_mock.User(sub="admin", claims=claims)], free_port()
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as provider:
        secrets = SECRETS.format(port=port, provider=provider.server_port)
        with served(port=port, secrets=secrets) as app:
            yield app


def signed_in(browser: Browser, address: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.route("**/*.css", lambda r: r.abort() if "cdn." in r.request.url else r.continue_())
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.get_by_role("button", name="Sign in").wait_for()
    settled(page)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="admin", exact=True).click()
    page.wait_for_url(lambda url: url.startswith(address))
    accept_notice(page)
    return page


def audited(page: Page) -> None:
    read(page)
    go("Audit")(page)
    page.get_by_text("none edited, taken out or moved").wait_for()
    settled(page)


Steps = Callable[[Page], None]


class Row(NamedTuple):
    """What is done on a page before it is left alone, and how app and session begin."""

    steps: Steps | None
    served: Callable[[], AbstractContextManager[App]] = served
    opened: Callable[[Browser, str], Page] = opened


PAGES = {
    "an empty tab": Row(None),
    "Read, before a film": Row(lambda page: None),
    "Read, one film": Row(read),
    "Read, one film and its map": Row(mapped),
    "Metrics": Row(go("Metrics")),
    "Review": Row(go("Review")),
    "Lab, one film": Row(lab),
    "Study": Row(go("Study")),
    "Hospital, fitted": Row(fitted),
    "Worklist, one film": Row(listed, screened),
    "Audit": Row(audited, asking, signed_in),
}


def measure(
    browser: Browser, address: str, server: int, row: Row, seconds: float
) -> tuple[float, float]:
    """Per cent of a core that the browser's processes took, and the server's."""
    if row.steps is None:
        page = browser.new_context().new_page()
    else:
        page = row.opened(browser, address)
        row.steps(page)
    page.mouse.move(720, 5)
    sleep(SETTLE)
    sides = [pid for pid in tree(os.getpid()) if is_chromium(pid)], tree(server)
    before = [sum(map(processor_seconds, side)) for side in sides]
    start = time()
    sleep(seconds)
    took = time() - start
    after = [sum(map(processor_seconds, side)) for side in sides]
    page.context.close()
    mine, theirs = (100 * (b - a) / took for a, b in zip(before, after, strict=True))
    return mine, theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="begin of a row's name; all where none is named")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    print("| page | browser, all its processes | server |")
    print("| --- | --- | --- |")
    for name, row in PAGES.items():
        if options.pages and not any(name.startswith(each) for each in options.pages):
            continue
        with row.served() as app, chromium() as browser:
            mine, theirs = measure(browser, app.address, app.pid, row, options.seconds)
        print(f"| {name} | {mine:.1f} % | {theirs:.1f} % |", flush=True)
    print(f"\n{load()}")


if __name__ == "__main__":
    main()
