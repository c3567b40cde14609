"""Reads files one after the other in a process of its own and says what each took. Linux only.

``python -m tests.fuzz.memory FILE…`` prints for each a line of JSON: what `read` made of it, and
MB above the idle process at their highest, with the most that a decoder's own process held.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import cxr.imaging.dicom.film
import cxr.imaging.raster  # noqa: F401 (an idle process has imported what reads)
from cxr.errors import CxrError
from cxr.imaging.reader import read

_OWN = Path("/proc/self/cmdline").read_bytes()


def held(key: str, process: int | str = "self") -> float:
    """What a process holds (VmRSS) or held at most (VmHWM), MB; 0 once it has gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith(key)), 0.0)


def _runs_its_own(child: str) -> bool:
    """Whether a child has its own program: until then it shares this process's memory, which would
    be counted twice."""
    try:
        return Path(f"/proc/{child}/cmdline").read_bytes() not in (b"", _OWN)
    except OSError:
        return False


class Children(threading.Thread):
    """Watches how much memory the children of this process take at most, MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0

    def run(self) -> None:
        while True:
            for listed in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
                for child in listed.read_text().split():
                    if _runs_its_own(child):
                        self.peak = max(self.peak, held("VmHWM", child))
            time.sleep(0.005)


def main(paths: list[str]) -> None:
    children = Children()
    children.start()
    idle = held("VmRSS")
    for path in paths:
        children.peak = 0.0
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
        try:
            read(path).eight_bit  # noqa: B018 (made when asked for)
            what = "read"
        except CxrError as refusal:
            what = refusal.code
        print(json.dumps([what, held("VmHWM") - idle + children.peak]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
