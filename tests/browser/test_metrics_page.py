"""The metrics page in a real browser: what only a browser can do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
import tables
from playwright.sync_api import Browser, Page, Request, expect
from serving import ROOT, served
from waiting import MAIN, WAIT_MS, WINDOW, arrive, fits, go, settled

from cxr.metrics.predictions import select, table
from cxr.model.bundle import open_bundle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shelf = tmp_path_factory.mktemp("models")
    frame = tables.raw(300)
    tables.bundle(shelf / "default", frame)
    tables.bundle(shelf / "other", frame.assign(logit_T=frame.logit_T - 0.8))
    return shelf


@pytest.fixture(scope="module")
def address(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    before = dict(os.environ)
    os.environ |= {"CXR_MODELS": str(shelf), "CXR_REVIEW": str(home / "review.sqlite3")}
    try:
        with served(ROOT / "app.py", home) as found:
            yield found
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def rows(shelf: Path) -> pd.DataFrame:
    return select(table(open_bundle(shelf / "default")), split="test")


def part(page: Page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_role("radio", name=name, exact=True).click()
    settled(page)


@pytest.fixture
def metrics(page: Page) -> Page:
    go(page, "Metrics")
    expect(page.get_by_text("Balanced accuracy is")).to_be_visible()
    return page


@pytest.fixture(scope="module")
def opened(shared_tab: Page, address: str) -> Page:
    arrive(shared_tab, address)
    go(shared_tab, "Metrics")
    return shared_tab


@pytest.fixture
def looked_at(opened: Page) -> Page:
    """The page as it opens, for tests that only look at its parts."""
    opened.set_viewport_size(WINDOW)
    opened.emulate_media(color_scheme="null")
    part(opened, "Overview")
    expect(opened.get_by_text("Balanced accuracy is")).to_be_visible()
    return opened


def test_a_clicked_cell_lists_its_films_and_opens_them(metrics: Page, rows: pd.DataFrame) -> None:
    part(metrics, "Classes")
    listed = metrics.locator("strong").filter(has_text="labelled")
    expect(listed.first).to_contain_text("labelled T called N")
    matrix = metrics.get_by_test_id("stDataFrame").first
    matrix.scroll_into_view_if_needed()
    box = matrix.bounding_box()
    assert box is not None
    row = box["height"] / 4  # the heads and three rows
    metrics.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 1.5 * row)
    expect(listed.first).to_contain_text("labelled N called T")
    found = len(select(rows, label="N", called="T"))
    expect(listed.first).to_contain_text(f"{found} film")
    metrics.get_by_role("link", name="Open all in review room").click()
    metrics.wait_for_url("**/cases?**", timeout=WAIT_MS)
    for said in ("truth=N", "called=T", "split=test", "model=default"):
        assert said in metrics.url
    settled(metrics)
    metrics.go_back()
    metrics.wait_for_url("**/evidence?**", timeout=WAIT_MS)
    settled(metrics)
    expect(listed.first).to_contain_text("labelled N called T")


def test_no_table_leaves_without_the_notice(looked_at: Page) -> None:
    """Pages have exports of their own; what Streamlit offers is the bare table."""
    part(looked_at, "Classes")
    looked_at.get_by_test_id("stDataFrame").first.hover()
    offered = looked_at.get_by_test_id("stElementToolbar").get_by_role("button")
    expect(offered.filter(visible=True).first).to_be_visible()
    expect(looked_at.get_by_role("button", name=re.compile("CSV: "))).to_have_count(0)


def test_an_address_leads_to_its_part(metrics: Page) -> None:
    part(metrics, "Subgroups")
    metrics.get_by_test_id("stMain").get_by_role("radio", name="External", exact=True).click()
    expect(metrics).to_have_url(re.compile("part=Subgroups"))
    expect(metrics).to_have_url(re.compile("set=External"))
    metrics.goto(metrics.url)  # another session of the same tab, whose reader has accepted
    expect(
        metrics.get_by_text("Subgroups whose figure rests on fewer than 30 films")
    ).to_be_visible()
    expect(metrics.get_by_role("heading", name="External, hospitals")).to_be_visible()


def test_the_slider_moves_with_the_keyboard(metrics: Page) -> None:
    part(metrics, "Threshold")
    found = metrics.locator(".ev-numbers").first
    before = found.inner_text()
    slider = metrics.get_by_role("slider")
    slider.focus()
    for _ in range(20):
        slider.press("ArrowLeft")
    expect(found).not_to_have_text(before)
    expect(metrics.get_by_text("WHO’s 2014 target product profile")).to_be_visible()


def test_the_export_draws_its_charts_offline(
    looked_at: Page, chromium: Browser, tmp_path: Path
) -> None:
    part(looked_at, "Export")
    with looked_at.expect_download() as waiting:
        looked_at.get_by_role("button", name="Whole page (HTML)").click()
    file = tmp_path / "page.html"
    waiting.value.save_as(file)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    faults: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_default_timeout(WAIT_MS)
    page.goto(file.as_uri())
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert page.locator(".js-plotly-plot").count() == 11
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert not faults
    context.close()


def test_tables_are_whole_at_1024_while_the_sidebar_is_open(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": 1024, "height": 768})
    expect(looked_at.get_by_role("combobox", name="Model")).to_be_in_viewport()
    expect(looked_at.get_by_role("radio", name="Export", exact=True)).to_be_in_viewport(ratio=1)
    for name, last in (("Classes", "AUPRC"), ("Subgroups", "Rests on")):
        part(looked_at, name)
        head = looked_at.get_by_role("columnheader", name=last).first
        head.scroll_into_view_if_needed()
        expect(head).to_be_in_viewport(ratio=1)
        assert not looked_at.locator(".ev-scroll").evaluate_all(
            "boxes => boxes.filter((box) => box.scrollWidth > box.clientWidth + 1).length"
        )


def test_nothing_leads_out_of_the_window(looked_at: Page) -> None:
    """On a wide screen, a tablet and a telephone, dark and light."""
    for name, shown in (
        ("Overview", "each source by itself"),
        ("Classes", "labelled T called N"),
        ("Calibration", "Calibration, and what is gained"),
        ("Threshold", "Of 1,000 films at a prevalence"),
    ):
        part(looked_at, name)
        expect(looked_at.get_by_text(shown).first).to_be_visible()
        for scheme, width in product(("dark", "light"), (1600, 1024, 430)):
            looked_at.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            looked_at.set_viewport_size({"width": width, "height": 900})
            fits(looked_at, MAIN)
