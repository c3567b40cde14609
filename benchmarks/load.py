"""Does the app hold under a reading room's load?

    python -m benchmarks.load [--sessions 20] [--minutes 10] [--pause 10] [--leave]

So many sessions at once, each a tab as the server sees it (``tab.py``): a film of its own, which
nobody else has, is uploaded; its scores are waited for; the film's bytes are fetched and compared
with what was uploaded; a map is asked for and fetched; addresses of another session are tried.
Then a pause as a reader makes it. After five films all are removed, or with ``--leave`` the tab is
closed and another reader comes. Told are errors, wrong films, addresses that opened for somebody
else, the time from upload to scores, and the server's memory: its mean minute by minute, and its
slope over the second half. Exit status 1: an error, a wrong film or an open address.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import traceback
from collections import Counter
from html import escape
from statistics import linear_regression, mean, quantiles
from time import perf_counter, sleep

import cv2
import numpy as np

from benchmarks.app import SAMPLES, load, resident, served
from benchmarks.tab import Tab, addresses
from ui.viewer.delivery import SALT_BYTES
from ui.viewer.encoding import pack

FILMS_HELD = 5
SIDE = 1024
LOOK_S = 2.0
WORK = ("readers", "films", "maps")


class Count:
    """What all sessions found."""

    def __init__(self) -> None:
        self.happened: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.media: dict[int, str] = {}
        """Session → the address of its film."""


def film(session: int, number: int) -> tuple[bytes, bytes]:
    """A film of this session alone: its file, and what a viewer is to get of it."""
    which = (session + number) % 16 + 1
    sample = cv2.imread(str(SAMPLES / f"child-{which:02}.jpg"), cv2.IMREAD_GRAYSCALE)
    small = cv2.resize(sample, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng([session, number]).normal(0, 2, small.shape)
    own = np.clip(small + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".png", own)[1].tobytes(), pack(own)


def reads(tab: Tab, session: int, number: int, count: Count) -> None:
    """One film, from upload to map."""
    name = f"reader-{session}-film-{number}.png"
    data, sent = film(session, number)
    start = perf_counter()
    tab.upload(name, data)
    tab.wait_for(lambda: f"{escape(name)}</div>" in tab.html() and 'class="cxr-bars"' in tab.html())
    count.seconds.append(perf_counter() - start)
    count.happened["films"] += 1
    found = addresses(tab.plates())
    if not any(tab.get(each)[SALT_BYTES:] == sent for each in found):
        count.happened["wrong films"] += 1
    count.media[session] = found[0]
    other = random.choice([each for each in count.media if each != session] or [session])
    if other != session and tab.status(count.media[other]) == 200:
        count.happened["addresses open to another session"] += 1
    tab.press("map")
    tab.wait_for(lambda: len(set(addresses(tab.plates()))) > 1)
    for each in set(addresses(tab.plates())):
        tab.get(each)
    count.happened["maps"] += 1
    tab.press("map")


def session(
    address: str, number: int, until: float, pause: float, leave: bool, count: Count
) -> None:
    """A reader, who after an error begins anew; with `leave`, one reader after the other."""
    tab, films = None, 0
    while perf_counter() < until:
        try:
            if tab is None:
                tab = Tab(address)
                tab.press("accept")
                count.happened["readers"] += 1
            films += 1
            reads(tab, number, films, count)
            if films % FILMS_HELD == 0 and leave:
                tab.close()
                tab = None
            elif films % FILMS_HELD == 0:
                tab.press("clear")
                tab.press("forget")
        except Exception:
            count.happened["errors"] += 1
            traceback.print_exc()
            tab = None
        sleep(random.uniform(0.5, 1.5) * pause)
    if tab is not None:
        tab.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pause", type=float, default=10, help="seconds between two films")
    parser.add_argument("--leave", action="store_true", help="readers leave, and others come")
    options = parser.parse_args()
    count = Count()
    memory: list[tuple[float, float]] = []
    with served() as app:
        first = Tab(app.address)
        first.press("accept")
        reads(first, options.sessions, 0, Count())
        first.close()
        idle, start = resident(app.pid), perf_counter()
        until = start + 60 * options.minutes
        how = options.pause, options.leave
        readers = [
            threading.Thread(target=session, args=(app.address, n, until, *how, count))
            for n in range(options.sessions)
        ]
        for each in readers:
            each.start()
            sleep(options.pause / options.sessions)
        while any(each.is_alive() for each in readers):
            memory.append(((perf_counter() - start) / 60, resident(app.pid)))
            sleep(LOOK_S)
        app_ended = app.process.poll() is not None
    steps = quantiles(count.seconds, n=20)
    late = [each for each in memory if each[0] > options.minutes / 2]
    slope = linear_regression(*zip(*late, strict=True)).slope
    print(f"{options.sessions} sessions, {options.minutes:g} minutes, {load()}\n")
    print("| | |\n| --- | --- |")
    for what in (*WORK, "errors", "wrong films", "addresses open to another session"):
        print(f"| {what} | {count.happened[what]} |")
    print(f"| upload to scores, median | {steps[9]:.2f} s |")
    print(f"| the same, 95th percentile | {steps[18]:.2f} s |")
    print(f"| memory of the server, idle | {idle:.0f} MB |")
    print(f"| the same, at most | {max(held for _, held in memory):.0f} MB |")
    print(f"| the same, at the end | {memory[-1][1]:.0f} MB |")
    for minute in sorted({int(at) for at, _ in memory}):
        held = mean(held for at, held in memory if int(at) == minute)
        print(f"| the same, mean of minute {minute + 1} | {held:.0f} MB |")
    print(f"| its slope over the second half | {slope:+.1f} MB a minute |")
    wrong = sum(count.happened[what] for what in count.happened if what not in WORK)
    return 1 if wrong or app_ended else 0


if __name__ == "__main__":
    sys.exit(main())
