"""The review room without a browser: opened, pressed and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import appwalk
from streamlit.testing.v1 import AppTest

from cxr.review.entries import Entry
from cxr.review.store import ReviewStore

APP = Path(__file__).parents[2] / "app.py"


def opened(reader: str = "A. Reader", **address: str) -> AppTest:
    """The page, its notice accepted, `reader` named."""
    named = {"reader": reader} if reader else {}
    return appwalk.opened("review", address, **named)


def ran(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    return ran(at.button(key=key).click().run())


def named(at: AppTest, label: str) -> Any:
    return next(button for button in at.button if button.label == label)


def control(at: AppTest, label: str) -> Any:
    return next(each for each in at.segmented_control if each.label.startswith(label))


def shown(at: AppTest) -> str:
    """The case that the address holds."""
    return str(at.query_params["case"])


def change_reader(at: AppTest) -> None:
    press(at, "reader-change")
    at.text_input(key="reader-name").set_value("B. Reader")
    ran(named(at, "Begin").click().run())


def text(at: AppTest) -> str:
    """What the page says: neither its styles nor the escapes of its Markdown."""
    parts = [*at.get("html"), *at.info, *at.caption, *at.markdown, *at.error, *at.success]
    said = [element.value for element in parts if "{" not in element.value]
    return "\n".join(said).replace("\\", "")


def keys(at: AppTest) -> list[str]:
    return [button.key for button in at.button if button.key]


def kept(place: Path) -> list[Entry]:
    store = ReviewStore(str(place))
    rows = store.entries()
    store.close()
    return rows


def section(at: AppTest, name: str) -> None:
    ran(at.segmented_control(key="review-section").set_value(name).run())
