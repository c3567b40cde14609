"""Sign-in by OpenID Connect, with a provider that the test starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import Browser, Page, expect
from reviewing import exported
from serving import ROOT, free_port
from signing_in import SECRETS, asking
from waiting import WAIT_MS, accept, go, settled

from cxr.audit.log import Log
from cxr.review.exchange import from_file

pytestmark = pytest.mark.browser

SAMPLE = ROOT / "samples" / "child-01.jpg"
PEOPLE = ("reader", "instructor", "admin", "nobody")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """An app that asks who comes; the provider runs as long."""
    users = [
        User(
            sub=name,
            claims={
                "email": f"{name}@clinic.example",
                "email_verified": True,
                "name": name.title(),
            },
        )
        for name in PEOPLE
    ]
    port = free_port()
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as provider:
        settings = SECRETS.format(
            address=f"http://127.0.0.1:{port}",
            provider=f"http://localhost:{provider.server_port}",
            secret="x" * 20,
        )
        with asking(home, port, settings) as found:
            yield found


@contextmanager
def arrived(chromium: Browser, address: str) -> Iterator[Page]:
    """At the way in, signed in as nobody."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    # The provider's page asks for a style sheet of elsewhere, which there is none of here.
    context.route(
        "**/*.css",
        lambda route: route.abort() if "cdn." in route.request.url else route.continue_(),
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    yield page
    context.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with arrived(chromium, address) as page:
        yield page


def signed_in(page: Page, name: str) -> None:
    settled(page)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(lambda url: "127.0.0.1" in url)


def test_nobody_gets_past_without_a_role(page: Page) -> None:
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_have_count(0)
    expect(page.get_by_role("button", name="I have read this")).to_have_count(0)
    signed_in(page, "nobody")
    expect(page.get_by_text("Nobody has no role here")).to_be_visible()
    expect(page.get_by_role("button", name="I have read this")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("reader", {"Read", "Metrics", "Review", "Lab", "Study"}),
        ("instructor", {"Read", "Metrics", "Review", "Lab", "Study", "Hospital"}),
        ("admin", {"Read", "Metrics", "Review", "Lab", "Study", "Hospital", "Audit"}),
    ],
)
def test_each_role_has_its_pages(name: str, pages: set[str], page: Page) -> None:
    signed_in(page, name)
    accept(page)
    expect(page.get_by_text(f"{name.title()} · {name}")).to_be_visible()
    settled(page)
    links = page.get_by_test_id("stTopNavLink").all_inner_texts()
    assert {link.strip() for link in links} == pages


def test_who_it_was_stands_in_the_log_and_signing_out_ends_it(page: Page, home: Path) -> None:
    signed_in(page, "admin")
    accept(page)
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    settled(page)
    addresses: list[str] = []
    page.on("request", lambda r: addresses.append(r.url) if "/media/" in r.url else None)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(SAMPLE)
    expect(page.locator(".cxr-viewer .pane[data-ready=true]").first).to_be_visible()
    film = next(each for each in addresses if not each.endswith(".jpg"))
    assert page.context.request.get(film).status == 200
    page.get_by_role("link", name="Audit", exact=True).click()
    expect(page.get_by_text("none edited, taken out or moved")).to_be_visible()
    log = Log(str(home / "audit.sqlite3"))
    with log.whole() as (rows, _):
        told = [json.loads(row.body) for row in rows]
    log.close()
    assert {row["who"] for row in told if row["kind"] == "shown"} == {"Admin"}
    settled(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # the provider's own page asks
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.context.request.get(film).status == 404


def test_a_reader_takes_no_verdicts_in_and_gets_none_before_his_own(
    page: Page, chromium: Browser, address: str
) -> None:
    signed_in(page, "admin")
    accept(page)
    go(page, "Review")
    judged(page)
    assert [row.reader for row in from_file(exported(page, "CSV"))] == ["Admin"]
    expect(page.get_by_role("button", name="Take in")).to_be_visible()
    with arrived(chromium, address) as other:
        signed_in(other, "reader")
        accept(other)
        go(other, "Review")
        assert from_file(exported(other, "JSON")) == []
        expect(other.get_by_role("button", name="Take in")).to_have_count(0)
        judged(other)
        rows = from_file(exported(other, "JSON"))
    assert [row.reader for row in rows] == ["Admin", "Reader"]
    assert len({row.case for row in rows}) == 1


def judged(page: Page) -> None:
    """The first case of the queue."""
    page.get_by_role("button", name="Unsure").click()
    expect(page.get_by_text("Kept at")).to_be_visible()
    settled(page)
