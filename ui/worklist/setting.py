"""Whether there is a list to show. The app's frame asks at every run, so this loads no table."""

from __future__ import annotations

import os

SETTING = "CXR_SCREEN"


def named() -> str:
    """The table's path; "" where the server has none. A session cannot name one: the page opens
    files of the server that the table lists."""
    return os.environ.get(SETTING, "")
