"""Sign-in through a provider that is certified, npm's oidc-provider: `make oidc` installs it."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, Page, expect
from serving import ROOT, free_port
from signing_in import SECRETS, asking
from waiting import WAIT_MS, accept, settled

pytestmark = pytest.mark.browser

PACKAGE = ROOT / ".venv" / "oidc"
SECRET = "x" * 20


@contextmanager
def provided(app: str) -> Iterator[str]:
    """The provider, as long as it is wanted."""
    node = shutil.which("node")
    if node is None or not (PACKAGE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("npm's oidc-provider is not installed: make oidc")
    port = free_port()
    script = Path(__file__).with_name("certified.mjs")
    command = [node, str(script), str(PACKAGE), str(port), app, SECRET]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    try:
        for _ in range(WAIT_MS // 100):
            assert process.poll() is None, "the provider has ended"
            try:
                urllib.request.urlopen(f"{address}/.well-known/openid-configuration").close()
                break
            except (URLError, OSError):
                sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home, port = tmp_path_factory.mktemp("home"), free_port()
    app = f"http://127.0.0.1:{port}"
    with provided(app) as provider:
        settings = SECRETS.format(address=app, provider=provider, secret=SECRET)
        # It refuses what Streamlit asks for by itself, "select_account".
        settings = settings.replace("[roles]", 'client_kwargs = { prompt = "login" }\n[roles]')
        with asking(home, port, settings) as found:
            yield found


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    # The provider's pages ask for fonts of elsewhere, which there are none of here.
    context.route(
        lambda url: "localhost" not in url and "127.0.0.1" not in url, lambda route: route.abort()
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    yield page
    context.close()


@pytest.mark.parametrize(("name", "pages"), [("reader", 5), ("admin", 7)])
def test_a_certified_provider_lets_people_in_and_out(name: str, pages: int, page: Page) -> None:
    way_in = page.get_by_role("button", name="Sign in")
    expect(way_in).to_be_visible()
    settled(page)
    way_in.click()
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    accept(page)
    expect(page.get_by_text(f"{name.title()} · {name}")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(pages)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(way_in).to_be_visible()
