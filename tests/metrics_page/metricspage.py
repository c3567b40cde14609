"""The metrics page without a browser: opened, walked through and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import appwalk
from streamlit.testing.v1 import AppTest

from cxr.model.bundle import MANIFEST, manifest_values, write_manifest

APP = Path(__file__).parents[2] / "app.py"


def opened(**address: str) -> AppTest:
    return appwalk.opened("metrics", address)


def ran(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def go(at: AppTest, part: str) -> AppTest:
    return ran(at.segmented_control(key="part").set_value(part).run())


def links(at: AppTest, name: str) -> list[Any]:
    """Those whose words begin so: label, query_string, disabled, help."""
    return [e.proto for e in at.get("page_link") if e.proto.label.startswith(name)]


def text(at: AppTest) -> str:
    return "\n".join(e.value for e in [*at.get("html"), *at.info, *at.caption, *at.markdown])


def rewrite(folder: Path, **changed: object) -> None:
    values = {**manifest_values(folder), **changed}
    (folder / MANIFEST).unlink()
    write_manifest(folder, values)
