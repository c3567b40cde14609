"""A component shows the data that came last, in whatever order its calls come."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from ui.base.component import script

pytestmark = pytest.mark.browser

SHOWS = """
export default function ({ data, parentElement }) {
  parentElement.textContent = data.said;
  return () => "ended";
}
"""
CALLED = """async ([module, turns]) => {
  const { default: call } = await import(URL.createObjectURL(
    new Blob([module], { type: "text/javascript" })));
  const parentElement = document.createElement("div");
  const ends = turns.map((turn) => call({ data: { turn, said: String(turn) }, parentElement }));
  return [parentElement.textContent, ends.map((end) => end?.() ?? "passed over")];
}"""


def test_what_is_older_than_what_is_shown_is_passed_over(chromium: Browser) -> None:
    page = chromium.new_page()
    found = page.evaluate(CALLED, [script(SHOWS), [2, 1, 2, 3]])
    assert found == ["3", ["ended", "passed over", "ended", "ended"]]
    page.close()
